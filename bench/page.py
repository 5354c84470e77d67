"""``docs/benchmarks.md``: the results go between its markers, with the table of figures."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from section import Section, table

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_HEADS = ("what", "reach", "measured", "reached", "section")


def write(name: str, section: Section, beside: str) -> None:
    """Put a section's text at its marker, and its rows into the table of figures, in place of those it had there."""
    page = _replaced(PAGE.read_text("utf-8"), name, f"{circumstances(beside)}\n\n{section.text}")
    new = [
        (each.what, each.reach, each.measured, "yes" if each.is_reached else "**no**", f"`{name}`")
        for each in section.figures
    ]
    rows = {row[0]: row for row in _rows(_part(page, "figures")) if row[-1] != f"`{name}`"} | {
        row[0]: row for row in new
    }
    PAGE.write_text(_replaced(page, "figures", table(_HEADS, rows.values())), "utf-8")


def circumstances(beside: str) -> str:
    """The day, the machine as far as it matters, and the peers ``beside`` preflight with their versions."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, {system}, "
        f"{platform.python_implementation()} {platform.python_version()}; load {os.getloadavg()[0]:.1f} at the end."
        + (f" With {beside}." if beside else "")
    )


def _processor() -> str:
    try:
        said = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.machine()
    model = re.search(r"^model name\s*:\s*(.+)$", said, re.MULTILINE)
    return model[1] if model else platform.machine()


def _marked(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- measured: {re.escape(name)} -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def _part(page: str, name: str) -> str:
    found = _marked(name).search(page)
    if found is None:
        raise LookupError(f"{PAGE.name} has no marker for {name!r}")
    return found[2]


def _replaced(page: str, name: str, text: str) -> str:
    _part(page, name)
    return _marked(name).sub(lambda found: f"{found[1]}\n{text}\n\n{found[3]}", page)


def _rows(text: str) -> list[tuple[str, ...]]:
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
