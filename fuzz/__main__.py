"""``python -m fuzz``: makes mutants, checks the invariants of each, and prints a summary. Exit 1 when one failed."""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fuzz.children import children
from fuzz.holding import Broken, hold_agreement, hold_check, hold_probe, require
from fuzz.mutants import Mutant, mutant
from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Family, VideoFacts

PARENT_MIB = 150
_ASKED_ABOUT = (Family.VIDEO, Family.AUDIO, Family.UNKNOWN)
_EVERY_S = 10


@dataclass(slots=True)
class Tally:
    """The results so far."""

    began: float = field(default_factory=time.monotonic)
    probed: int = 0
    checked: int = 0
    failed: int = 0
    slowest_probe: tuple[float, int] = (0.0, -1)
    slowest_check: tuple[float, int] = (0.0, -1)
    verdicts: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    answered: int = 0
    ended: int = 0

    def lines(self) -> list[str]:
        seconds = time.monotonic() - self.began
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(self.verdicts.items()))
        return [
            f"{self.probed} mutants in {seconds:.0f} s, {self.probed / seconds:.0f} a second; {self.failed} failed",
            f"probes: slowest {self.slowest_probe[0] * 1000:.0f} ms of processor (mutant {self.slowest_probe[1]})",
            f"checks: {self.checked}, slowest {self.slowest_check[0]:.1f} s (mutant {self.slowest_check[1]})",
            f"verdicts: {verdicts}",
            f"workers: asked about {self.asked} files, {self.answered} opinions; {self.ended} processes replaced",
            f"parent: {peak_mib():.0f} MiB at most",
        ]


def main() -> int:
    options = parse()
    if options.index is not None:
        sys.stdout.buffer.write(mutant(options.seed, options.index).data)
        return 0
    say(f"seed {options.seed}, {options.count} mutants, every {options.every}th checked as a whole")
    say(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    tally, shown = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Engine(Options(thorough=True)) as engine:
        for index in range(options.start, options.start + options.count):
            made = mutant(options.seed, index)
            try:
                one(made, tally, engine if index % options.every == 0 else None, Path(folder))
            except Exception as error:  # noqa: BLE001 - whatever a mutant raises is what is looked for
                tally.failed += 1
                keep(made, options.seed, error, options.keep)
            if time.monotonic() - shown > _EVERY_S:
                shown = time.monotonic()
                say(f"… {tally.lines()[0]}")
    say(*tally.lines())
    return 1 if tally.failed else 0


def one(made: Mutant, tally: Tally, engine: Engine | None, folder: Path) -> None:
    """Check one mutant for everything."""
    tally.probed += 1
    began, peak = time.process_time(), peak_mib()
    hold_probe(made)
    hold_agreement(made.data, None)
    tally.slowest_probe = max(tally.slowest_probe, (time.process_time() - began, made.index))
    if engine is not None:
        tally.checked += 1
        report, seconds = hold_check(engine, made, folder)
        tally.slowest_check = max(tally.slowest_check, (seconds, made.index))
        tally.verdicts[report.verdict.value] += 1
        facts = report.jobs[0].subjects[0].facts
        if isinstance(facts, VideoFacts) and facts.family in _ASKED_ABOUT:
            tally.asked += 1
            tally.answered += facts.second is not None
            tally.ended += not children()  # one that is still good waits for the next file
    grown = peak_mib()
    require(grown <= PARENT_MIB or grown == peak, f"the parent has grown from {peak:.0f} to {grown:.0f} MiB")


def peak_mib() -> float:
    """The most memory that this process has held. Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def keep(made: Mutant, seed: int, error: Exception, folder: Path) -> None:
    """Print which mutant failed and how, and save it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{seed}-{made.index}{Path(made.name).suffix}"
    path.write_bytes(made.data)
    say(f"FAILED: seed {seed}, index {made.index}, from {made.name}, kept as {path}")
    say(str(error) if isinstance(error, Broken) else "".join(traceback.format_exception(error)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="another seed, other mutants")
    parser.add_argument("--start", type=int, default=0, help="index of the first mutant")
    parser.add_argument("--count", type=int, default=20_000, help="how many mutants")
    parser.add_argument("--every", type=int, default=10, help="which of them get a whole check, in a worker, too")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="folder for the mutants that fail")
    parser.add_argument("--index", type=int, help="write this one mutant to standard output, and do nothing else")
    return parser.parse_args()


def say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
