"""Reads CSV (RFC 4180, also with semicolons or tabs): a job a row, a field a column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import MappingProxyType

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.columns import Column, NotAColumn
from preflight.jobfiles.csv_feed import Feed
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.row_ids import EarlierRows
from preflight.jobfiles.source_text import Lines, Text
from preflight.jobfiles.table_rows import NotAnId, RowReader, RowReaders
from preflight.model import Job, Place
from preflight.model.named_tuple import NamedTuple

_DELIMITERS = ",;\t"
_SAID = re.compile(r'\ufeff?"?sep=([,;\t])"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
HEADER_LINES = 100
"""Most lines of a header: a name in quotes may hold line breaks."""


def read_table(
    lines: Lines, *, models: TableModels, ids: EarlierRows, columns: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Job | JobUnreadable]:
    """The jobs of a table, in place of an unreadable row its error; rows without a value are skipped.

    The first row names the columns (``read_columns``); ``columns`` maps names of a job's columns to this table's. The
    most frequent of comma, semicolon and tab in it is the delimiter, unless a line ``sep=;`` before it says another. In
    ``input_urls`` and ``video_urls``, URLs are parted by ``|``, a line break, or the space before a scheme
    (``https://``). Everything else is one string, of at most as many characters as ``csv.field_size_limit()``. ``ids``
    knows the earlier rows of their ids.

    After a row whose quotes do not match, the rest is not read: where its rows begin cannot be told. Raises
    ``JobUnreadable`` where ``columns`` names one that the table does not have.
    """
    rows = table_rows(lines)
    header = next(rows, None)
    if header is None:
        return
    if isinstance(header, JobUnreadable):
        yield header
        return
    try:
        require_header(header)
    except JobUnreadable as exc:
        yield exc
        return
    reader = TableReader(header, models=models, columns=columns, ids=ids)
    for row in rows:
        if isinstance(row, JobUnreadable):
            yield row
            continue
        try:
            yield reader.job(row)
        except JobUnreadable as exc:
            yield exc


def header_names(lines: Iterable[str]) -> set[str]:
    """The names of the columns, in lower case, that a table with these first ``lines`` has."""
    remaining = iter(lines)
    delimiter, header = header_of(remaining)
    try:
        cells = next(csv.reader(chain([header], islice(remaining, HEADER_LINES)), delimiter=delimiter), [])
    except csv.Error:
        return set()
    return {name.strip().lower() for name in cells} - {""}


class TableRow(NamedTuple):
    """The cells of a row, and its text as in the file, with the pattern of one cell in it."""

    cells: list[str]
    text: Text
    cell: re.Pattern[str]

    def starts(self) -> list[int]:
        """The index where each cell starts."""
        return [found.start() for found in islice(self.cell.finditer(self.text.string), len(self.cells))]

    def place(self, column: int) -> Place:
        return self.text.place(self.starts()[column])


class TableReader:
    """Reads the rows below ``header``. Raises ``JobUnreadable`` where ``columns`` names one that is not there."""

    def __init__(self, header: TableRow, *, models: TableModels, columns: Mapping[str, str], ids: EarlierRows) -> None:
        try:
            self._readers = RowReaders(header.cells, columns, models, ids=ids)
        except NotAColumn as exc:
            raise header.text.unreadable(str(exc), header.text.place(0)) from exc
        columns_read = self._readers.columns
        self._nameless = [at for at, column in enumerate(columns_read) if column.field is None and not column.name]

    def job(self, row: TableRow) -> Job:
        """The job of a row. Raises ``JobUnreadable``."""
        reader, text = self._reader(row), row.text
        try:
            return reader.job(row.cells, path=text.path, line=text.first_line, places=_Places(row, reader.columns))
        except NotAnId as exc:
            raise text.unreadable(str(exc), text.place(0)) from exc

    def own_id(self, row: TableRow) -> str | None:
        """The id of that job. Raises ``JobUnreadable``."""
        return self._reader(row).own_id(row.cells)

    def _reader(self, row: TableRow) -> RowReader:
        """The reader of a row, whose cells fit the header. Raises ``JobUnreadable``."""
        cells, text, reader = row.cells, row.text, self._readers.of(row.cells)
        columns = reader.columns
        text.require_characters()
        if len(cells) > len(columns):
            for index in range(len(columns), len(cells)):
                if cells[index].strip():
                    of_header = "1 cell" if len(columns) == 1 else f"{len(columns)} cells"
                    message = f"more than the {of_header} of the header: put a value that holds a delimiter in quotes"
                    raise text.unreadable(message, row.place(index))
        for index in self._nameless:
            if index < len(cells) and cells[index].strip():
                raise text.unreadable(
                    "a value in a column without a name: name the column in the header, or remove the value",
                    row.place(index),
                )
        return reader


class _Places(Mapping[str, Place]):
    """The places of the fields of a row, looked for when they are first asked for: most rows have no finding."""

    __slots__ = ("_columns", "_found", "_row")

    def __init__(self, row: TableRow, columns: Sequence[Column]) -> None:
        self._row = row
        self._columns = columns
        self._found: dict[str, Place] | None = None

    def __getitem__(self, name: str) -> Place:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Place]:
        if self._found is None:
            text, cells = self._row.text, self._row.cells
            self._found = {"": text.place(0)}
            for index, start in enumerate(self._row.starts()):
                field = self._columns[index].field if index < len(self._columns) else None
                if field is not None and cells[index].strip():
                    self._found[str(field)] = text.place(start)
        return self._found


def table_rows(lines: Lines) -> Iterator[TableRow | JobUnreadable]:
    """The rows that hold a value, in place of an unreadable one its error.

    The table ends where it cannot be told apart any more.
    """
    try:
        delimiter, first = header_of(lines)
    except JobUnreadable as exc:
        yield exc
        return
    cell = re.compile(rf'(?:"[^"]*(?:""[^"]*)*"|[^{delimiter}\r\n]*)(?:{delimiter}|[\r\n]*\Z)')
    feed = Feed(first, lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, JobUnreadable) as exc:
            yield feed.broken(exc, delimiter)
            if not feed.goes_on:
                return
            continue
        if any(cells) and any(map(str.strip, cells)):
            yield TableRow(cells, feed.take(), cell)
        else:
            feed.take()


def header_of(lines: Iterator[str]) -> tuple[str, str]:
    """The delimiter of a table, and the line of its header."""
    filled = (line for line in lines if line.strip())
    first = next(filled, "")
    if said := _SAID.fullmatch(first):  # as Excel writes it
        return said[1], next(filled, "")
    unquoted = _QUOTED.sub("", first)
    return max(_DELIMITERS, key=unquoted.count), first


def require_header(header: TableRow) -> None:
    """Raise ``JobUnreadable`` for a header that is not text, or has too many columns."""
    header.text.require_characters()
    if len(header.cells) > limits.COLUMNS:
        raise header.text.unreadable(
            f"{len(header.cells)} columns; at most {limits.COLUMNS} are read: this is not a table of jobs",
            header.text.place(0),
        )
