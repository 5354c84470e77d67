"""A difference on a terminal: the guardrails that tripped, a table of jobs, what changed in each, and the sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from preflight.redact import printable
from preflight.render.differences import diff_phrases as phrases

if TYPE_CHECKING:
    from preflight.diff.difference import Difference, JobChange
    from preflight.model import Finding

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_VERDICT_STYLES = {"pass": "green", "fail": "bold red", "indeterminate": "bold yellow"}


def render_difference(found: Difference, console: Console) -> None:
    """Print ``found``."""
    tripped = [each for each in found.guardrails if each.tripped]
    for each in tripped:
        is_block = each.level.value == "block"
        label = ("blocked", "bold red") if is_block else ("notice", "bold yellow")
        console.print(Text.assemble(label, "  ", phrases.guardrail(each)), soft_wrap=True)
    if tripped:
        console.print()
    if found.jobs:
        console.print(_table(found))
        for job in found.jobs:
            _print_details(job, console)
        console.print()
    if found.groups:
        console.print(_subtotals(found))
        console.print()
    console.print(Text(phrases.headline(found), style="bold"), soft_wrap=True)
    for each in found.guardrails:
        if not each.tripped:
            console.print(Text(f"within {phrases.guardrail(each)}", style="dim"), soft_wrap=True)
    for remark in found.remarks:
        console.print(Text(f"note: {printable(remark)}", style="dim"), soft_wrap=True)


def _table(found: Difference) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("job", overflow="fold")
    for name in ("verdict", "credits", "change"):
        table.add_column(name, justify="left" if name == "verdict" else "right", no_wrap=True)
    for job in found.jobs:
        style = _STYLES[job.kind.value]
        after = job.after.verdict.value if job.after else ""
        table.add_row(
            Text(phrases.MARKS[job.kind.value], style=style),
            Text(phrases.name(job), style=style),
            Text(phrases.verdicts(job), style=_VERDICT_STYLES.get(after, "")),
            Text(phrases.credits_of(job) if job.counted else "—"),
            Text(phrases.price_change(job, is_brief=True) if job.counted else "—", style="bold"),
        )
    return table


def _print_details(job: JobChange, console: Console) -> None:
    lines = list(_details(job))
    if not lines:
        return
    console.print()
    console.print(Text(phrases.name(job), style="bold"), soft_wrap=True)
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 2), expand=False))


def _details(job: JobChange) -> Iterator[Text]:
    if job.old_path:
        yield Text(f"renamed from {printable(job.old_path)}")
    for field in job.fields:
        yield Text(phrases.field(field))
    for fact in job.facts:
        yield Text(phrases.fact(fact))
    if job.counted and job.change.low != job.change.high:
        yield Text(f"change of the price: {phrases.price_change(job)}")
    for finding in job.new:
        yield _finding("+", "red" if finding.severity.label == "error" else "yellow", finding)
    for finding in job.fixed if job.after else ():
        yield _finding("−", "green", finding)


def _finding(mark: str, style: str, finding: Finding) -> Text:
    label = "indeterminate" if finding.indeterminate else finding.severity.label
    return Text.assemble((f"{mark} {label} ", style), (finding.rule, "bold"), f"  {printable(finding.message)}")


def _subtotals(found: Difference) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("group", overflow="fold")
    for name in ("jobs", "before", "after", "change"):
        table.add_column(name, justify="right", overflow="fold")
    for group in found.groups:
        table.add_row(
            Text(printable(group.name)),
            str(group.jobs),
            f"{group.before.credits:f}",
            f"{group.after.credits:f}",
            Text(phrases.signed(group.change.credits), style="bold"),
        )
    return table
