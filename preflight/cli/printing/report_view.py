"""What ``preflight report`` writes: the jobs of a report and the sums over them, in every format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from preflight.model import Verdict
from preflight.render.formats import STREAMS
from preflight.render.objects.json_text import to_json_lines
from preflight.render.streams import JsonDocument, Spool
from preflight.render.surroundings import Surroundings
from preflight.render.tabular.group_tables import csv_sums, markdown_sums, one_line, render_sums

if TYPE_CHECKING:
    from decimal import Decimal

    from preflight.render.streams import Stream
    from preflight.render.tabular.group_tables import Sums
    from preflight.runs.reports.report_reader import Read

_LISTED = 20
"""Failing jobs that text lists where no option asks for jobs."""


class View:
    """One result of the command: ``add`` and ``end`` give the text to write."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def add(self, read: Read) -> str:
        """The text to write now for one job more."""
        return self._stream.job(read.job)

    def end(self, sums: Sums, object_: dict[str, Any]) -> Iterable[str]:  # noqa: ARG002 - for those below
        """The rest, once the sums are known; ``object_`` holds them as JSON."""
        return self._stream.end(sums.whole.totals)


class _JsonView(View):
    def __init__(self) -> None:
        self._object: dict[str, Any] = {}
        self._document = JsonDocument(lambda _: self._object)
        super().__init__(self._document)

    def add(self, read: Read) -> str:
        self._document.add(read.value)
        return ""

    def end(self, sums: Sums, object_: dict[str, Any]) -> Iterable[str]:
        self._object = object_
        return self._document.end(sums.whole.totals)


class _LinesView(View):
    def add(self, read: Read) -> str:
        return to_json_lines([read.value])


class _CsvView(View):
    """Jobs, or with ``--by`` groups: one file holds one table."""

    def __init__(self, stream: Stream, *, by: str | None) -> None:
        super().__init__(stream)
        self._by = by

    def add(self, read: Read) -> str:
        return "" if self._by else super().add(read)

    def end(self, sums: Sums, object_: dict[str, Any]) -> Iterable[str]:
        return [csv_sums(sums)] if self._by else super().end(sums, object_)


class _MarkdownView(View):
    def end(self, sums: Sums, object_: dict[str, Any]) -> Iterable[str]:
        groups = ["\n", *(f"{line}\n" for line in markdown_sums(sums))] if sums.column else []
        return chain(super().end(sums, object_), groups)


class _TextView(View):
    """The sums, and below them the jobs: all that were asked for, or the first that do not pass."""

    def __init__(self, stream: Stream, around: Surroundings, *, lists_all: bool) -> None:
        super().__init__(stream)
        self._around = around
        self._lists_all = lists_all
        self._lines = Spool()
        self._left = 0

    def add(self, read: Read) -> str:
        if self._lists_all or read.job.verdict is not Verdict.PASS:
            if self._lists_all or self._lines.count < _LISTED:
                self._lines.add(f"{one_line(read.job)}\n")
            else:
                self._left += 1
        return ""

    def end(self, sums: Sums, object_: dict[str, Any]) -> Iterator[str]:  # noqa: ARG002 - text has its own words
        yield self._around.lay_out(partial(render_sums, sums))
        yield from self._lines.read()
        if self._left:
            yield f"and {self._left} more that do not pass; --only fail --only indeterminate lists them all\n"


def view_of(name: str, around: Surroundings, *, by: str | None, lists_all: bool, budget: Decimal | None = None) -> View:
    """The view for a format of ``STREAMS``."""
    match name:
        case "json":
            return _JsonView()
        case "jsonl":
            return _LinesView(STREAMS[name](around))
        case "csv":
            return _CsvView(STREAMS[name](around), by=by)
        case "markdown":
            return _MarkdownView(STREAMS[name](around))
        case "html":
            from preflight.render.html.report_page import ReportPage  # an extra

            return View(ReportPage(around, title="Report of a run", by=by, budget=budget))
        case "text":
            return _TextView(STREAMS[name](around), around, lists_all=lists_all)
        case _:
            return View(STREAMS[name](around))
