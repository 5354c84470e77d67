"""Reports as tables: CSV for spreadsheets, Markdown for pull requests and wikis."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, ClassVar, Final

from preflight.model import JobReport, Kind, Severity, Verdict
from preflight.redact import printable
from preflight.render.objects.json_objects import shown_meta
from preflight.render.streams import Spool
from preflight.render.texts import phrases
from preflight.units import decimal_text, dollars

if TYPE_CHECKING:
    from preflight.checking.totals import Totals

COLUMNS: Final = (
    "id", "path", "line", "verdict", "errors", "warnings", "indeterminate", "rules", "message", "image", "video",
    "seconds", "mode", "credits", "low", "high", "usd",
)  # fmt: skip
_LOOKED_AT = 100
"""Jobs that are waited for, to learn the columns of their own."""
_REST = "meta"
"""The last column: as JSON, those of a job that none of the first jobs has."""
_ROWS_IN_FULL = 1000
"""Rows of a Markdown table; a comment on a pull request holds fewer."""
_FORMULA = re.compile(r"\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20|]")
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:[.,]\d{1,30})?%?")


def cell(value: object) -> str:
    """A value as a cell of a spreadsheet, where a text that begins like a formula would be run: it gets a ``'`` before.

    OWASP, "CSV Injection". A number stays one, and control characters become escapes.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            text = "\n".join(map(printable, value.split("\n")))
        case _:
            text = printable(json.dumps(value, ensure_ascii=False))
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def csv_line(cells: Iterable[object]) -> str:
    """A row of a CSV file (RFC 4180, with the line ends of this platform's tools)."""
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerow([cell(each) for each in cells])
    return written.getvalue()


class CsvStream:
    """One row a job: what was found, its price, and then its columns beside those of a job, by their names."""

    in_parts: ClassVar[bool] = True

    def __init__(self) -> None:
        self._held: list[JobReport] | None = []
        self._own: list[str] = []

    def job(self, job: JobReport) -> str:
        if self._held is None:
            return self._row(job)
        self._held.append(job)
        return self._begin() if len(self._held) == _LOOKED_AT else ""

    def end(self, totals: Totals) -> Iterable[str]:  # noqa: ARG002 - a sum among the rows would be counted as one
        return () if self._held is None else [self._begin()]

    def _begin(self) -> str:
        held, self._held = self._held or [], None
        self._own = list(dict.fromkeys(name for job in held for name in shown_meta(job)))
        names = [f"meta.{name}" if name in (*COLUMNS, _REST) else name for name in self._own]
        return csv_line([*COLUMNS, *names, _REST]) + "".join(map(self._row, held))

    def _row(self, job: JobReport) -> str:
        meta = shown_meta(job)
        own = [meta.pop(name, None) for name in self._own]
        return csv_line([*_cells(job), *own, meta or None])


def _cells(job: JobReport) -> list[object]:
    counted: dict[Severity, int] = dict.fromkeys(Severity, 0)
    for finding in job.findings:
        counted[finding.severity] += not finding.indeterminate
    worst = min(job.findings, key=lambda finding: -finding.severity, default=None)
    quote = job.quote
    return [
        job.id,
        None if job.path is None else printable(job.path),
        job.line,
        job.verdict.value,
        counted[Severity.ERROR],
        counted[Severity.WARNING],
        sum(finding.indeterminate for finding in job.findings),
        " ".join(dict.fromkeys(finding.rule for finding in job.findings)),
        worst.message if worst else None,
        _sources(job, Kind.IMAGE),
        _sources(job, Kind.VIDEO),
        *_price_cells(job),
        None if quote is None else dollars(quote.usd),
    ]


def _price_cells(job: JobReport) -> list[object]:
    quote = job.quote
    if quote is None:
        return [None] * 5
    return [decimal_text(quote.seconds), quote.mode, f"{quote.credits:f}", f"{quote.low:f}", f"{quote.high:f}"]


def _sources(job: JobReport, kind: Kind) -> str:
    return " | ".join(subject.source for subject in job.subjects if subject.kind is kind)


def markdown_cell(value: str) -> str:
    """A text in a Markdown table: no tag, no link, no mention, no end of the cell."""
    text = escape(printable(value), quote=False)
    return re.sub(r"([\\`*_{}\[\]|~#!])", r"\\\1", text).replace("@", "@&#8203;")


def markdown_table(names: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> Iterator[str]:
    """The lines of a Markdown table, whose cells are Markdown; columns in ``right`` are numbers."""
    numbers = frozenset(right)
    yield f"| {' | '.join(names)} |"
    yield f"|{'|'.join(' ---: ' if name in numbers else ' --- ' for name in names)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


class MarkdownStream:
    """The sums, the findings by rule, and a row for each job that does not pass or warns; passes are counted."""

    in_parts: ClassVar[bool] = False

    def __init__(self) -> None:
        self._rows = {verdict: Spool() for verdict in (Verdict.FAIL, Verdict.INDETERMINATE, Verdict.PASS)}

    def job(self, job: JobReport) -> str:
        told = [finding for finding in job.findings if finding.severity > Severity.NOTE or finding.indeterminate]
        spool = self._rows[job.verdict]
        if (told or job.verdict is not Verdict.PASS) and spool.count < _ROWS_IN_FULL:
            spool.add(f"| {' | '.join(self._cells(job))} |\n")
        return ""

    def _cells(self, job: JobReport) -> list[str]:
        name = f"{job.path or 'job'}{phrases.row_of(job)}"
        found = "<br>".join(
            f"`{finding.rule}` {markdown_cell(finding.message)}"
            for finding in job.findings
            if finding.severity > Severity.NOTE or finding.indeterminate
        )
        price = "" if job.quote is None else f"{job.quote.credits:f}"
        own = markdown_cell(phrases.row(job))
        return [job.verdict.value, markdown_cell(name), markdown_cell(job.id or ""), own, found, price]

    def end(self, totals: Totals) -> Iterable[str]:
        yield f"### preflight: {phrases.tally(totals) or 'no jobs'}\n"
        if totals.rules:
            yield "\n"
            counted = ((f"`{rule}`", str(count)) for rule, count in totals.rules.most_common())
            yield from (f"{line}\n" for line in markdown_table(["rule", "findings"], counted, right=["findings"]))
        if any(spool.count for spool in self._rows.values()):
            names = ["verdict", "job", "id", "columns", "findings", "credits"]
            yield "\n"
            yield from (f"{line}\n" for line in markdown_table(names, [], right=["credits"]))
            for spool in self._rows.values():
                yield from spool.read()
        left = sum(totals.verdicts[verdict] for verdict in (Verdict.FAIL, Verdict.INDETERMINATE))
        left -= sum(self._rows[verdict].count for verdict in (Verdict.FAIL, Verdict.INDETERMINATE))
        if left > 0:
            yield f"\nand {left} more that do not pass\n"


def table_of(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> str:
    """A whole CSV file."""
    return csv_line(names) + "".join(map(csv_line, rows))
