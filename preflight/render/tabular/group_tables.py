"""The sums over a report as tables: verdicts, findings by rule, and the price by group and mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from preflight.model import JobReport, Severity, Verdict
from preflight.pricing import show_seconds
from preflight.redact import one_line as shortened
from preflight.redact import printable
from preflight.render.tabular.row_tables import markdown_cell, markdown_table, table_of
from preflight.render.texts import phrases
from preflight.units import dollars, plain

if TYPE_CHECKING:
    from rich.console import Console

    from preflight.checking.totals import Totals

_GROUPS_SHOWN = 50
_RULES_SHOWN = 100
_MESSAGE_CHARS = 100
_NAME_COLUMNS = 12


class GroupRow(NamedTuple):
    """The jobs of one group. ``in_mode`` is their price in each mode; those that are ``unpriced`` are in none."""

    name: str
    totals: Totals
    in_mode: Mapping[str, Decimal]
    priced: int
    unpriced: int


class Sums(NamedTuple):
    """Everything over the jobs of a report. ``groups`` are by ``column``; ``only`` names the verdicts shown."""

    whole: GroupRow
    read: int
    only: tuple[str, ...] = ()
    column: str | None = None
    groups: Sequence[GroupRow] = ()
    histograms: Mapping[str, Sequence[tuple[int, int | None, int]]] = {}
    hosts: Mapping[str, Mapping[str, int]] = {}
    transfer: tuple[int, int] = (0, 0)


def one_line(job: JobReport) -> str:
    """A job on one line: ``fail  rows.csv:12  a7  360 credits  video-too-long: the clip lasts 31.2 s; …``."""
    told = sorted(job.findings, key=lambda finding: (-finding.severity, finding.indeterminate))
    parts = [job.verdict.value, f"{job.path or 'job'}{phrases.row_of(job)}", job.id or ""]
    if job.quote is not None:
        parts.append(f"{job.quote.credits:f} credits, {show_seconds(job.quote.seconds)}")
    if told and (told[0].severity > Severity.NOTE or told[0].indeterminate):
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        parts.append(f"{told[0].rule}: {shortened(told[0].message, longest=_MESSAGE_CHARS)}{more}")
    return printable("  ".join(part for part in parts if part))


def render_sums(sums: Sums, console: Console) -> None:
    """Print the sums for people."""
    from rich.padding import Padding  # only for text
    from rich.table import Table
    from rich.text import Text

    def table(names: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]], *, left: int = 1) -> None:
        drawn = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
        for index, name in enumerate(names):
            is_name = index < left
            drawn.add_column(
                name,
                justify="left" if is_name else "right",
                no_wrap=not is_name,
                overflow="fold",
                min_width=_NAME_COLUMNS if is_name else None,
            )
        for row in rows:
            drawn.add_row(*(Text(printable(each)) for each in row))
        console.print(Padding(drawn, (0, 0, 1, 2), expand=False))

    console.print(Text(_head(sums), style="bold"))
    for line in _price_lines(sums.whole):
        console.print(Text(f"  {line}"))
    if sums.whole.totals.swapped:
        console.print(Text(phrases.swapped(sums.whole.totals.swapped, sums.whole.totals.jobs, of="job")))
    if sums.whole.totals.hidden:
        console.print(Text(phrases.hidden(sums.whole.totals.hidden)))
    console.print()
    rules = sums.whole.totals.rules.most_common(_RULES_SHOWN)
    if rules:
        console.print(Text("findings by rule", style="bold"))
        table(["rule", "findings"], [(rule, str(count)) for rule, count in rules])
    if sums.column is not None:
        console.print(Text(f"by {printable(sums.column)}", style="bold"))
        table(*_told(sums))
    for title, bins in sums.histograms.items():
        console.print(Text(title.replace("_", " "), style="bold"))
        table(["from", "below", "files" if title != "credits" else "jobs"], _bins(title, bins), left=0)
    if sums.hosts:
        console.print(Text("by host", style="bold"))
        table(["host", *(verdict.value for verdict in Verdict)], _host_rows(sums))
        size, requests = sums.transfer
        console.print(Text(f"  {phrases.size(size)} read in {requests} request{'' if requests == 1 else 's'}"))
        console.print()


def markdown_sums(sums: Sums) -> Iterator[str]:
    """The groups as lines of Markdown."""
    names = _group_names(sums)
    rows = [*sums.groups, sums.whole._replace(name="all")]
    cells = ([markdown_cell(each) for each in _group_cells(group, sums.whole.in_mode)] for group in rows)
    head = [markdown_cell(names[0]), *names[1:]]
    yield from markdown_table(head, cells, right=names[1:])


def csv_sums(sums: Sums) -> str:
    """The groups as a CSV file, without their sum: a spreadsheet would count it as a group."""
    return table_of((_group_cells(group, sums.whole.in_mode) for group in sums.groups), _group_names(sums))


def _head(sums: Sums) -> str:
    totals = sums.whole.totals
    counted = [(totals.verdicts[verdict], verdict.value) for verdict in Verdict]
    text = "  ".join(f"{count} {word}" for count, word in counted if count) or "no jobs"
    return f"{text}  (only {', '.join(sums.only)}; {phrases.jobs(sums.read)} in all)" if sums.only else text


def _price_lines(whole: GroupRow) -> Iterator[str]:
    """The price, what it is in each mode, and the jobs without one."""
    quote = whole.totals.quote
    if quote is not None:
        yield f"{whole.priced} priced: {phrases.price(quote)}"
        failing = whole.totals.failing
        if failing.jobs:
            yield f"of which {failing.credits:f} for {failing.jobs} that fail"
        modes = " · ".join(f"{mode} {plain(credits_):f}" for mode, credits_ in whole.in_mode.items())
        if modes:
            yield f"all in one mode: {modes} credits"
    if whole.unpriced:
        yield f"{whole.unpriced} without a price: not free, but not known"


def _group_names(sums: Sums) -> list[str]:
    verdicts = [verdict.value for verdict in Verdict]
    return [sums.column or "", "jobs", *verdicts, "credits", "low", "high", "USD", *sums.whole.in_mode, "unpriced"]


def _group_cells(group: GroupRow, modes: Iterable[str]) -> list[str]:
    totals, quote = group.totals, group.totals.quote
    price = ["", "", "", ""]
    if quote is not None:
        price = [f"{quote.credits:f}", f"{quote.low:f}", f"{quote.high:f}", dollars(quote.usd)]
    counts = [str(totals.verdicts[verdict]) for verdict in Verdict]
    in_modes = [f"{plain(group.in_mode[mode]):f}" if mode in group.in_mode else "" for mode in modes]
    return [group.name or "(none)", str(totals.jobs), *counts, *price, *in_modes, str(group.unpriced)]


def _told(sums: Sums) -> tuple[list[str], list[list[str]]]:
    """The table for people: the first groups and their sum, without columns that say nothing in any row."""
    names, modes = _group_names(sums), sums.whole.in_mode
    shown = [*sums.groups[:_GROUPS_SHOWN], sums.whole._replace(name="all")]
    every = [_group_cells(group, modes) for group in shown]
    credits_ = names.index("credits")
    silent = {
        index
        for index in range(1, len(names))
        if all(row[index] in ("", "0") for row in every)
        or (names[index] in ("low", "high") and all(row[index] == row[credits_] for row in every))
    }
    if len(sums.groups) > _GROUPS_SHOWN:
        every.insert(-1, [f"and {len(sums.groups) - _GROUPS_SHOWN} more", *[""] * (len(names) - 1)])
    kept = [index for index in range(len(names)) if index not in silent]
    return [names[index] for index in kept], [[row[index] for index in kept] for row in every]


def _bins(title: str, bins: Sequence[tuple[int, int | None, int]]) -> Iterator[Sequence[str]]:
    def shown(edge: int | None) -> str:
        if edge is None:
            return ""
        return phrases.size(edge) if title.endswith("bytes") else str(edge)

    return ((shown(low), shown(high), str(count)) for low, high, count in bins)


def _host_rows(sums: Sums) -> list[Sequence[str]]:
    order = sorted(sums.hosts.items(), key=lambda each: (-sum(each[1].values()), each[0]))[:_GROUPS_SHOWN]
    return [[host, *(str(counts.get(verdict.value, 0)) for verdict in Verdict)] for host, counts in order]
