"""Renders reports for a terminal: the verdict first, then measurements, findings and the price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from preflight.checking.totals import Totals, totals_of
from preflight.checking.verdict import verdict_of_finding, verdict_of_subject
from preflight.model import Finding, JobReport, Kind, Quote, Report, Severity, Subject, Verdict
from preflight.model.file_types import TABLE_SUFFIXES
from preflight.redact import printable
from preflight.redact.advice import as_command
from preflight.render.build_servers.locations import STANDARD_INPUT
from preflight.render.texts import phrases
from preflight.render.texts.in_order import is_in_order
from preflight.render.texts.styled import Labelled, Piece, Styled
from preflight.rules import Trait, rules_with

if TYPE_CHECKING:
    from rich.console import Console

    from preflight.render.texts.excerpts import LineOf

_STYLES = {"pass": "green", phrases.NOT_EXAMINED: "yellow", "fail": "red", "indeterminate": "yellow"}
"""Those of the words for verdicts, in the order of a summary."""
_SEVERITIES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold blue"}
_UNTOLD = ("indeterminate", "bold yellow")
_ABSENT = rules_with(Trait.ABSENT)
_BUDGET = rules_with(Trait.BUDGET)
_SHOWN_LINES = 3
"""Most lines of a job file that are shown for equal findings."""


def _no_line(_: str, __: int) -> str:
    return ""


def render_report(
    report: Report, console: Console, *, next_commands: Sequence[str] = (), line_of: LineOf = _no_line
) -> None:
    """Print a report with the commands that repair its files. ``line_of`` reads lines of job files.

    One job has them above its findings, before any other remedy; below several, they are for all of them.
    """
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
        render_job(job, console, line_of, next_commands=() if several else next_commands)
        if several:
            console.print()
    totals = totals_of(report.jobs)
    if not several:
        if totals.hidden:
            console.print()
        _print_hidden(totals, console)
        return
    if in_line:
        console.print()
    _print_swapped(totals, console)
    _print_hidden(totals, console)
    console.print(_summary(totals))
    _print_next(next_commands, console)


def render_job(
    job: JobReport, console: Console, line_of: LineOf = _no_line, *, next_commands: Sequence[str] = ()
) -> None:
    """Print one job in full, with the commands that repair its files. A bare file is in its heading."""
    _print_heading(job, console, whole=True)
    for subject in job.subjects:
        _print_subject(job, subject, console)
    _print_next(next_commands, console)
    _print_findings(job, console, line_of)
    if job.quote is not None:
        _print_price(job, job.quote, console)


def render_findings(job: JobReport, console: Console, line_of: LineOf = _no_line) -> None:
    """Print one job with its findings alone."""
    _print_heading(job, console)
    _print_findings(job, console, line_of)


def render_end(totals: Totals, console: Console, *, next_commands: Sequence[str] = ()) -> None:
    """Print the sums over many jobs, of which those that pass were not printed."""
    if totals.rules:
        from rich.padding import Padding  # takes long to load, and most texts need no table
        from rich.table import Table

        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column(justify="right")
        table.add_column(no_wrap=True)
        for rule, count in totals.rules.most_common():
            table.add_row(str(count), rule)
        console.print(Styled(("findings by rule", "bold")))
        console.print(Padding(table, (0, 0, 1, 2), expand=False))
    if totals.warned:
        these = "1 job passes" if totals.warned == 1 else f"{totals.warned} jobs pass"
        console.print(Styled((f"{these} with warnings; --format concise lists them", "dim")))
    _print_swapped(totals, console)
    _print_hidden(totals, console)
    console.print(_summary(totals))
    _print_next(next_commands, console)


def render_quotes(report: Report, console: Console, *, line_of: LineOf = _no_line) -> None:
    """Print prices: every mode, the range, and the reasons for it."""
    several = len(report.jobs) > 1
    for job in report.jobs:
        _print_heading(job, console)
        if job.quotes:
            from preflight.render.tabular.price_table import price_table  # loads rich

            console.print(price_table(job.quotes, console.width))
        else:
            console.print(Styled(f"  no price: {_why_no_price(job)}"))
        for reason in dict.fromkeys(reason for quote in job.quotes for reason in quote.reasons):
            console.print(Styled((f"· {reason}", "dim"), indent=2))
        _print_findings(job, console, line_of, at_least=Severity.WARNING)
        if several:
            console.print()
    if several:
        console.print(_summary(totals_of(report.jobs)))


def _print_swapped(totals: Totals, console: Console) -> None:
    """What a whole table has wrong is said once for it; a single job says it itself."""
    if totals.swapped and totals.jobs > 1:
        console.print(Styled(phrases.swapped(totals.swapped, totals.jobs, of="job")))
        console.print()


def _print_hidden(totals: Totals, console: Console) -> None:
    """How many findings are not shown: a pass may hide some."""
    if totals.hidden:
        console.print(Styled((phrases.hidden(totals.hidden), "dim")))


def _line(job: JobReport) -> Styled:
    """A bare file without findings takes one line, as in a report where all files pass."""
    (subject,) = job.subjects
    label = phrases.label_of(job.verdict, job.subjects)
    return Styled((label, _STYLES[label]), f"  {printable(subject.source)}  {phrases.measured(subject)}")


def _print_next(commands: Sequence[str], console: Console) -> None:
    for number, command in enumerate(commands):
        if number == 0:
            console.print()
        # Never wrapped, so that it can be copied whole.
        console.print(Styled(("next: " if number == 0 else "      ", "bold"), (command, "cyan")), soft_wrap=True)


def _why_no_price(job: JobReport) -> str:
    if job.findings or any(subject.kind is Kind.VIDEO for subject in job.subjects):
        return "see the findings"
    return "no video was given"


def _print_heading(job: JobReport, console: Console, *, whole: bool = False) -> None:
    console.print(_heading(job, whole=whole), soft_wrap=True)
    if job.meta and (row := phrases.row(job)):
        console.print(Styled((row, "dim"), indent=2))


def _heading(job: JobReport, *, whole: bool) -> Styled:
    """The verdict, the name and the price of a job; of a ``whole`` report on a bare file, which ends with the price,
    its facts instead."""
    label = _label(job)
    text = Styled((label.upper(), f"bold {_STYLES[label]}"))
    name = job.path or (None if job.bare else "job")
    if name:
        text.append(f"  {printable(name)}{phrases.row_of(job)}", "bold")
    if job.id:
        text.append(f"  {printable(job.id)}")
    if whole and job.bare:
        text.append("".join(f"  {phrases.measured(subject)}" for subject in job.subjects))
    elif job.quote is not None and job.verdict is not Verdict.FAIL:  # a refused job costs nothing
        text.append(f"  {phrases.price(job.quote)}")
    if not job.bare and job.verdict is Verdict.PASS and (not_opened := phrases.unopened(job)):
        text.append(f"  {not_opened}", "yellow")
    return text


def _label(job: JobReport) -> str:
    """The word for a job. A job passes an offline check that opens none of its URLs; a URL by itself does not."""
    return phrases.label_of(job.verdict, job.subjects if job.bare else ())


def _print_subject(job: JobReport, subject: Subject, console: Console) -> None:
    if not job.bare:
        label = phrases.label_of(verdict_of_subject(job, subject), (subject,))
        console.print(Styled("  ", (f"{subject.kind.value}  ", "bold"), printable(subject.source)), soft_wrap=True)
        console.print(Styled((label, _STYLES[label]), f"  {phrases.measured(subject)}", indent=9))
    if reading := phrases.reading(subject):
        console.print(Styled((reading, "dim"), indent=2 if job.bare else 9))


def _print_findings(job: JobReport, console: Console, line_of: LineOf, *, at_least: Severity = Severity.NOTE) -> None:
    """Equal findings about several files are printed once."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in job.findings:
        if finding.severity >= at_least:
            groups.setdefault((finding.rule, finding.message, finding.fix), []).append(finding)
    fixes: set[str] = set()
    for same in groups.values():
        console.print()
        _print_finding(same, console, fixes, None if job.bare else line_of)  # the heading names a bare file


def _print_finding(same: Sequence[Finding], console: Console, fixes: set[str], line_of: LineOf | None) -> None:
    """Print a finding. Several about one file have one command, which is printed once; ``fixes`` are those printed."""
    finding = same[0]
    label, style = finding.severity.label, _SEVERITIES[finding.severity]
    if finding.indeterminate:
        label, style = _UNTOLD
    head = Styled((label, style), "  ", (finding.rule, "bold"))
    for each in same if line_of else ():
        where = ":".join(str(part) for part in (each.path, each.line, each.column) if part is not None)
        about = " ".join(part for part in (each.field, where) if part)
        if about:
            head.append(f"  {printable(about)}", "dim")
    console.print(head, soft_wrap=True)
    console.print(Styled(printable(finding.message), indent=2))
    if line_of:
        for each in same[:_SHOWN_LINES]:
            _print_line(each, console, line_of)
    if finding.fix and finding.fix not in fixes and finding.severity > Severity.NOTE:
        fixes.add(finding.fix)
        if phrases.is_command(finding.fix):
            # Never wrapped, so that it can be copied whole.
            console.print(Styled("  ", ("fix: ", "dim"), (printable(finding.fix), "cyan")), soft_wrap=True)
        else:
            console.print(Styled(("help: ", "dim"), printable(as_command(finding.fix)), indent=2))


def _print_line(finding: Finding, console: Console, line_of: LineOf) -> None:
    """The line of the job file that holds the value, which is marked."""
    if not finding.path or not finding.line or not finding.column or not finding.field:
        return
    if finding.rule in _ABSENT or finding.path == STANDARD_INPUT:
        return
    from preflight.render.texts.excerpts import excerpt  # only for job files, with a dozen patterns

    number = str(finding.line)
    gutter = f"  {number} | "
    shown = excerpt(
        line_of(finding.path, finding.line),
        finding.column,
        console.width - len(gutter),
        encoding=console.encoding,
        alone=PurePath(finding.path).suffix.lower() in TABLE_SUFFIXES,
        callback="callback" in finding.field,
    )
    if shown is not None:
        mark = " " * shown.start + "^" * (shown.end - shown.start)
        under = " " * len(number)
        console.print(Styled((gutter, "dim"), shown.text), soft_wrap=True)
        console.print(Styled((f"  {under} | ", "dim"), (mark, "bold red")), soft_wrap=True)


def _print_price(job: JobReport, quote: Quote, console: Console) -> None:
    """The price, with a mark if it is over the budget."""
    console.print()
    console.print(Labelled("price", f"{phrases.price(quote)}: {phrases.reckoning(quote)}"))
    for finding in job.findings:
        if finding.rule in _BUDGET:
            label = phrases.VERDICTS[verdict_of_finding(finding, job.fail_on)]
            console.print(Styled((label, _STYLES[label]), f"  over the budget: {finding.allowed}", indent=7))
    for reason in quote.reasons:
        console.print(Styled((f"· {reason}", "dim"), indent=7))


def _summary(totals: Totals) -> Styled:
    pieces: list[Piece] = []
    unopened = totals.unopened
    counts = {phrases.VERDICTS[verdict]: count for verdict, count in totals.verdicts.items()}
    counts |= {"pass": counts["pass"] - unopened, phrases.NOT_EXAMINED: unopened}
    for label, style in _STYLES.items():
        if count := counts[label]:
            pieces += [(f"{count} {label}", f"bold {style}"), "  "]
    costs = phrases.total(totals)
    return Styled(*pieces, costs) if costs else Styled(*pieces[:-1])
