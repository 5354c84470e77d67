"""``preflight report``."""

from __future__ import annotations

from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import StreamOptions
from preflight.cli.options.param_types import Choice, Number
from preflight.cli.options.result_options import results
from preflight.cli.options.shared_options import stream_options
from preflight.cli.options.spec_options import known_specs, remark_unknown, spec_option
from preflight.cli.printing.output import Sink
from preflight.cli.printing.terminal import progress, remark
from preflight.render.formats import COMMANDS, STREAMS

if TYPE_CHECKING:
    from preflight.cli.printing.report_view import View
    from preflight.render.tabular.group_tables import GroupRow, Sums
    from preflight.runs.reports.statistics import Group, Groups, Statistics

_UNKNOWN = 10
"""Models without a spec that are remembered: a report may name any number."""


@click.command("report")
@click.argument("names", nargs=-1, required=True, metavar="RUN|FILE...", shell_complete=files)
@click.option(
    "--by",
    metavar="COLUMN",
    help="Show the sums for each value of this column of the manifest, or of verdict, mode, host or path.",
)
@click.option(
    "--only",
    type=Choice(["fail", "indeterminate", "pass"]),
    multiple=True,
    help="Show only jobs with this verdict (repeatable).",
)
@click.option(
    "--sort",
    type=Choice(["credits", "seconds", "verdict"]),
    help="List jobs in this order: most expensive, longest, or failures first.",
)
@click.option("--statistics", is_flag=True, help="Show how lengths, sizes and prices are spread, and verdicts by host.")
@click.option("--budget", type=Number(), metavar="N", help="Draw this many credits as a line into the plot of a page.")
@spec_option
@stream_options(STREAMS)
def command(
    *,
    names: tuple[str, ...],
    by: str | None,
    only: tuple[str, ...],
    sort: Any,
    statistics: bool,
    budget: Decimal | None,
    output: StreamOptions,
) -> int:
    """Show what a run or a saved report holds.

    RUN is the folder of a run; FILE is what 'preflight check' wrote with
    --format json or jsonl.

    \b
    preflight report RUN
    preflight report RUN --by character --format csv
    preflight report report.json --only fail --sort credits
    """
    from preflight.cli.printing.report_output import surroundings
    from preflight.cli.printing.report_view import view_of
    from preflight.runs.reports.report_order import SortedJobs  # loads SQLite
    from preflight.runs.reports.report_reader import read_reports  # loads the model
    from preflight.runs.reports.statistics import Group, Groups, Statistics

    written = [
        (
            view_of(each.format, surroundings(each.file), by=by, lists_all=bool(only or sort), budget=budget),
            Sink(each.file, commands=each.format == COMMANDS),
        )
        for each in results(output)
        if each.file is not None or output.quiet < 2
    ]
    specs, unknown = known_specs(), dict[str, None]()
    whole, groups, figures, read_count = Group(specs), Groups(by, specs) if by else None, Statistics(), 0
    with ExitStack() as stack, progress("reading", hidden=output.hidden):
        ordered = stack.enter_context(SortedJobs(sort)) if sort else None
        for read in read_reports(list(names), remark):
            read_count += 1
            if only and read.job.verdict.value not in only:
                continue
            whole.add(read.job)
            if len(unknown) < _UNKNOWN and specs.find(read.job.model) is None:
                unknown[read.job.model] = None
            if groups is not None:
                groups.add(read.job)
            if statistics:
                figures.add(read.job)
            if ordered is not None:
                ordered.add(read)
            else:
                _write(written, read)
        for read in ordered or ():
            _write(written, read)
    remark_unknown(unknown, "prices in other modes and limits of plots are")
    if not read_count:
        raise click.UsageError("nothing to report: there are no jobs in it")
    if groups is not None and not groups.is_known:
        raise click.UsageError(f"--by {by}: no job has this column")
    sums = _sums(whole, groups, figures if statistics else None, read_count, only)
    for view, sink in written:
        for piece in view.end(sums, _object(whole, groups, figures if statistics else None)):
            sink.write(piece)
        sink.finish()
    return 0


def _write(written: list[tuple[View, Sink]], read: Any) -> None:
    for view, sink in written:
        sink.write(view.add(read))


def _sums(whole: Group, groups: Groups | None, figures: Statistics | None, count: int, only: tuple[str, ...]) -> Sums:
    from preflight.render.tabular.group_tables import Sums  # loaded with the views

    rows = [_row(name, group) for name, group in groups.found.items()] if groups else []
    rows.sort(key=lambda row: -(row.totals.quote.credits if row.totals.quote else -1))
    return Sums(
        whole=_row("", whole),
        read=count,
        only=only,
        column=groups.column if groups else None,
        groups=rows,
        histograms={name: list(found.bins()) for name, found in figures.histograms.items()} if figures else {},
        hosts=figures.hosts if figures else {},
        transfer=(figures.bytes, figures.requests) if figures else (0, 0),
    )


def _row(name: str, group: Group) -> GroupRow:
    from preflight.render.tabular.group_tables import GroupRow

    return GroupRow(name, group.totals, group.in_mode, group.priced, group.unpriced)


def _object(whole: Group, groups: Groups | None, figures: Statistics | None) -> dict[str, Any]:
    """The sums as JSON: a report whose ``summary`` adds up its jobs."""
    from preflight.render.objects.json_objects import totals_object  # loaded with the reader

    value = {**totals_object(whole.totals), "summary": whole.to_object()}
    value["summary"]["rules"] = dict(whole.totals.rules.most_common())
    if groups is not None:
        value["by"] = groups.column
        value["groups"] = [{"name": name, **group.to_object()} for name, group in groups.found.items()]
    if figures is not None:
        value["statistics"] = figures.to_object()
    return value
