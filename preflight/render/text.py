"""Renders reports for a terminal: the verdict first, then measurements, findings and the price."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from preflight.checking.verdict import verdict_of_subject
from preflight.model import Finding, JobReport, Quote, Report, Severity, Subject, Verdict
from preflight.pricing import show_seconds
from preflight.redact import printable
from preflight.render import phrases
from preflight.render.in_order import is_in_order
from preflight.units import dollars

_VERDICTS = {
    Verdict.PASS: ("PASS", "bold green"),
    Verdict.FAIL: ("FAIL", "bold red"),
    Verdict.INDETERMINATE: ("INDETERMINATE", "bold yellow"),
}
_SEVERITIES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold blue"}
_UNTOLD = ("indeterminate", "bold yellow")
_ROOMY = 72
"""The width from which a table of prices is spaced out."""


def render_report(report: Report, console: Console, *, next_commands: Sequence[str] = ()) -> None:
    """Print a report, and below it the commands that repair its files."""
    several = len(report.jobs) > 1
    in_line = False
    for job in report.jobs:
        if is_in_order(job):
            console.print(_line(job), soft_wrap=True)
            in_line = True
            continue
        if in_line:
            console.print()
            in_line = False
        console.print(_heading(job), soft_wrap=True)
        for subject in job.subjects:
            _print_subject(job, subject, console)
        _print_findings(job, console)
        if job.quote is not None:
            _print_price(job.quote, console)
        if several:
            console.print()
    if several:
        if in_line:
            console.print()
        console.print(_summary(report))
    _print_next(next_commands, console)


def render_quotes(report: Report, console: Console) -> None:
    """Print prices: every mode, the range, and the reasons for it."""
    several = len(report.jobs) > 1
    for job in report.jobs:
        console.print(_heading(job), soft_wrap=True)
        console.print(_price_table(job.quotes, console.width) if job.quotes else "  no price: see the findings")
        for reason in dict.fromkeys(reason for quote in job.quotes for reason in quote.reasons):
            console.print(_indented(Text(f"· {reason}", style="dim")))
        _print_findings(job, console, at_least=Severity.WARNING)
        if several:
            console.print()
    if several:
        console.print(_summary(report))


def _line(job: JobReport) -> Text:
    """A bare file without findings takes one line, as in a report where all files pass."""
    label, style = _VERDICTS[job.verdict]
    (subject,) = job.subjects
    return Text.assemble(
        (label.lower(), style.removeprefix("bold ")), f"  {printable(subject.source)}  {phrases.measured(subject)}"
    )


def _print_next(commands: Sequence[str], console: Console) -> None:
    for number, command in enumerate(commands):
        if number == 0:
            console.print()
        # Never wrapped, so that it can be copied whole.
        console.print(Text.assemble(("next: " if number == 0 else "      ", "bold"), (command, "cyan")), soft_wrap=True)


def _heading(job: JobReport) -> Text:
    label, style = _VERDICTS[job.verdict]
    text = Text.assemble((label, style))
    name = job.path or (None if job.bare else "job")
    if name:
        text.append(f"  {printable(name)}{phrases.row_of(job)}", style="bold")
    if job.id:
        text.append(f"  {printable(job.id)}")
    if job.quote is not None and job.verdict is not Verdict.FAIL:  # a refused job costs nothing
        text.append(f"  {phrases.price(job.quote)}")
    return text


def _print_subject(job: JobReport, subject: Subject, console: Console) -> None:
    label, style = _VERDICTS[verdict_of_subject(job, subject)]
    details = Text.assemble((label.lower(), style.removeprefix("bold ")), f"  {phrases.measured(subject)}")
    if not job.bare:
        console.print(
            Text.assemble("  ", (f"{subject.kind.value}  ", "bold"), printable(subject.source)), soft_wrap=True
        )
    indent = 2 if job.bare else 9
    console.print(_indented(details, indent))
    if subject.transfer.requests or subject.facts is not None:
        console.print(_indented(Text(phrases.spent(subject.transfer), style="dim"), indent))


def _print_findings(job: JobReport, console: Console, *, at_least: Severity = Severity.NOTE) -> None:
    """Errors first, then indeterminate findings. Equal findings about several files are printed once."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in sorted(job.findings, key=lambda finding: (-finding.severity, finding.indeterminate)):
        if finding.severity >= at_least:
            groups.setdefault((finding.rule, finding.message, finding.fix), []).append(finding)
    fixes: set[str] = set()
    for same in groups.values():
        console.print()
        _print_finding(same, console, fixes, placed=not job.bare)  # the heading names a bare file


def _print_finding(same: Sequence[Finding], console: Console, fixes: set[str], *, placed: bool) -> None:
    """Print a finding. Several about one file have one command, which is printed once; ``fixes`` are those printed."""
    finding = same[0]
    label, style = finding.severity.label, _SEVERITIES[finding.severity]
    if finding.indeterminate:
        label, style = _UNTOLD
    head = Text.assemble((label, style), "  ", (finding.rule, "bold"))
    for each in same if placed else ():
        where = ":".join(str(part) for part in (each.path, each.line, each.column) if part is not None)
        about = " ".join(part for part in (each.field, where) if part)
        if about:
            head.append(f"  {printable(about)}", style="dim")
    console.print(head, soft_wrap=True)
    console.print(_indented(Text(printable(finding.message))))
    if finding.fix and finding.fix not in fixes and finding.severity > Severity.NOTE:
        fixes.add(finding.fix)
        # Never wrapped, so that it can be copied whole.
        console.print(Text.assemble("  ", ("fix: ", "dim"), (printable(finding.fix), "cyan")), soft_wrap=True)


def _print_price(quote: Quote, console: Console) -> None:
    console.print()
    line = Table.grid(padding=(0, 2))
    line.add_row(Text("price", style="bold"), Text(f"{phrases.price(quote)}: {phrases.reckoning(quote)}"))
    console.print(line)
    for reason in quote.reasons:
        console.print(_indented(Text(f"· {reason}", style="dim"), 7))


def _indented(text: RenderableType, columns: int = 2) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _price_table(quotes: Sequence[Quote], columns: int) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2 if columns >= _ROOMY else 1))
    for name in ("mode", "billed", "rate", "credits", "low", "high", "USD"):
        table.add_column(name, justify="left" if name == "mode" else "right", no_wrap=True)
    for quote in quotes:
        table.add_row(
            quote.mode,
            show_seconds(quote.billed_seconds),
            f"{quote.credits_per_second:f}",
            Text(f"{quote.credits:f}", style="bold"),
            f"{quote.low:f}",
            f"{quote.high:f}",
            dollars(quote.usd),
        )
    return table


def _summary(report: Report) -> Text:
    text = Text()
    for verdict, (label, style) in _VERDICTS.items():
        count = sum(job.verdict is verdict for job in report.jobs)
        if count:
            text.append(f"{count} {label.lower()}", style=style)
            text.append("  ")
    text.append(phrases.total(report))
    text.rstrip()
    return text
