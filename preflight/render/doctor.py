"""Renders the results of ``preflight doctor``: a line a check for people, an object for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from preflight.doctor import Check, CheckState, verdict
from preflight.errors import install_command
from preflight.model import Verdict
from preflight.redact import hide, printable

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {
    CheckState.OK: "green",
    CheckState.NOTE: "blue",
    CheckState.MISSING: "yellow",
    CheckState.SKIPPED: "dim",
    CheckState.UNKNOWN: "bold yellow",
    CheckState.FAIL: "bold red",
}
_CONCLUSIONS = {
    Verdict.PASS: "All required parts work.",
    Verdict.FAIL: "A required part does not work.",
    Verdict.INDETERMINATE: "A check gave no answer.",
}


_BETWEEN = 2
"""Columns between two cells."""
_EXTRA = "extra "
_LABELS = {"cage": "isolated process"}
"""Labels for people where the name in JSON, which never changes, is not a word of the docs."""


def checks_object(checks: Sequence[Check]) -> dict[str, Any]:
    """All checks."""
    rows = [
        {"check": check.name, "state": check.state.value, "found": hide(check.found), "fix": check.fix}
        for check in checks
    ]
    return {"schema": "preflight.doctor/v1", "verdict": verdict(checks).value, "checks": rows}


def render_checks(checks: Sequence[Check], console: Console) -> None:
    """State, name and what was found, below it what to do, then a conclusion."""
    from rich.table import Table  # rich may be broken, and JSON needs none of it
    from rich.text import Text

    rows = [(check, _LABELS.get(check.name, check.name)) for check in _with_one_row_of_extras(checks)]
    widths = max(len(check.state.value) for check, _ in rows), max(len(label) for _, label in rows)
    indent = " " * (sum(widths) + 2 * _BETWEEN)
    for check, label in rows:
        advice, command = _to_do(check)
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, _BETWEEN, 0, 0))
        table.add_column(no_wrap=True, min_width=widths[0])
        table.add_column(no_wrap=True, min_width=widths[1], style="bold")
        table.add_column(overflow="fold")
        found = Text(printable(hide(check.found)))
        if advice:
            found.append("\nto do: ", style="dim").append(printable(advice), style="cyan")
        table.add_row(Text(check.state.value, style=_STYLES[check.state]), Text(label), found)
        console.print(table)
        if command:
            mark = "" if advice else "to do: "
            # Never wrapped, so that it can be copied whole.
            console.print(Text.assemble(indent, (mark, "dim"), (printable(command), "cyan")), soft_wrap=True)
    console.print(f"\n{_CONCLUSIONS[verdict(checks)]}")


def _with_one_row_of_extras(checks: Sequence[Check]) -> Iterator[Check]:
    """``checks``, with one row for all extras that are not installed, in the place of the first."""
    missing = [check for check in checks if check.name.startswith(_EXTRA) and check.state is CheckState.MISSING]
    names = [check.name.removeprefix(_EXTRA) for check in missing]
    for check in checks:
        if check not in missing:
            yield check
        elif check is missing[0]:
            yield replace(check, name="extras", found=", ".join(names), fix=_fix_of(missing, names))


def _fix_of(missing: Sequence[Check], names: Sequence[str]) -> str | None:
    """The command that installs one extra, or several."""
    fix = missing[0].fix
    if fix is None or len(names) == 1:
        return fix
    all_of_them = fix.replace(f"[{names[0]}]", f"[{','.join(names)}]")
    return f"name those that you need; all of them: {all_of_them}"


def _to_do(check: Check) -> tuple[str, str]:
    """What to do about ``check``: advice, and the command that ends it; each may be empty."""
    if check.fix is None or check.state is CheckState.OK:
        return "", ""
    advice, command, requirements = check.fix.partition(install_command())
    return advice.strip(), f"{command}{requirements}"
