"""Runs the benchmark: ``python bench/run.py [SECTION]… [--quick] [--write]``.

Without names all sections run, each in a process of its own. ``--write`` puts the results into ``docs/benchmarks.md``;
``--quick`` is for seeing that it works: its figures mean little, and are never written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import page
import peers
from section import Section, table

SECTIONS = tuple(sorted(path.stem for path in Path(__file__).with_name("sections").glob("[a-z]*.py")))


def main() -> int:
    """Returns 1 if a section failed; that a figure is not reached is a result, not a failure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="small files, few rounds, nothing written")
    parser.add_argument("--write", action="store_true", help=f"write into docs/{page.PAGE.name}")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if len(options.sections) == 1:
        _run(options.sections[0], quick=options.quick, write=options.write and not options.quick)
        return 0
    flags = [f"--{name}" for name in ("quick", "write") if getattr(options, name)]
    command = [sys.executable, str(Path(__file__))]
    codes = [subprocess.run([*command, name, *flags], check=False).returncode for name in options.sections or SECTIONS]
    return int(any(codes))


def _run(name: str, *, quick: bool, write: bool) -> None:
    missing = [peer for peer, version in peers.versions().items() if version is None]
    print(f"== {name}")
    for peer in missing:
        print(f"missing: {peer} (python {Path(peers.__file__).name} says how to get it)")
    section: Section = import_module(f"sections.{name}").measure(quick=quick)
    rows = [(each.what, each.reach, each.measured, "yes" if each.is_reached else "no") for each in section.figures]
    beside = peers.named(section.peers)
    print(page.circumstances(beside), section.text, table(("figure", "reach", "measured", "reached"), rows), sep="\n\n")
    if write:
        page.write(name, section, beside)


if __name__ == "__main__":
    sys.exit(main())
