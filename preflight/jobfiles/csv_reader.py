"""Reads CSV (RFC 4180, also with semicolons or tabs): a job a row, a field a column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.fields import LIST_FIELDS, FieldName, body_from, field_name, is_field_name, shown_id
from preflight.jobfiles.source_text import Lines, Text
from preflight.model import Job, Place
from preflight.model.job import JsonValue
from preflight.redact import redact

_DELIMITERS = ",;\t"
_ID = FieldName(key="id", in_input=False)
_MODEL = field_name("model")
_SAID = re.compile(r"\ufeff?sep=([,;\t])\s*", re.IGNORECASE)
_SHOWN_NAMES, _SHOWN_NAME = 12, 40
"""Most names of columns that an error lists, and characters of each."""
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_BETWEEN_URLS = re.compile(r"[|\r\n]+")
# Not at every space, since a local path may hold one; the look behind keeps long runs of spaces linear.
_BEFORE_SCHEME = re.compile(r"(?<!\s)\s+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


def read_table(lines: Lines, *, default_model: str | None) -> Iterator[Job | JobUnreadable]:
    """The jobs of a table, in place of an unreadable row its error; rows without a value are skipped.

    The first row names the columns, in any case: ``id``, and fields as ``field_name`` reads them; the most frequent of
    comma, semicolon and tab in it is the delimiter, unless a line ``sep=;`` before it says another. Space around a
    value is dropped, an empty cell is an absent field, and ``default_model`` replaces an absent ``model``. In
    ``input_urls`` and ``video_urls``, URLs are parted by ``|``, a line break, or the space before a scheme
    (``https://``). Everything else is one string, of at most as many characters as ``csv.field_size_limit()``.

    After a row whose quotes do not match, the rest is not read: where its rows begin cannot be told.
    """
    rows = table_rows(lines)
    try:
        header = next(rows, None)
        if header is None:
            return
        columns = _columns(header)
        for row in rows:
            try:
                yield _job(row, columns, default_model)
            except JobUnreadable as exc:
                yield exc
    except JobUnreadable as exc:
        yield exc


def header_names(lines: Iterable[str]) -> set[str]:
    """The names of the columns, in lower case, that a table with these first ``lines`` has."""
    delimiter, header = _header(lines)
    try:
        cells = next(csv.reader([header.lower()], delimiter=delimiter), [])
    except csv.Error:
        return set()
    return {name.strip() for name in cells} - {""}


def missing_columns(lines: Iterable[str]) -> str | None:
    """Why no row of a table with these first ``lines`` can be a job: it has no column for the image or the video."""
    delimiter, header = _header(lines)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), []) if name.strip()]
    except csv.Error:
        return None
    columns = {_column_name(name) for name in names}
    missing = [name for name in ("image", "video") if field_name(name) not in columns]
    if not names or not missing:
        return None
    found = [redact(name, longest=_SHOWN_NAME) for name in names[:_SHOWN_NAMES]]
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    what = f"this table has no column for the {' and the '.join(missing)}; its columns are {', '.join(found)}{more}"
    if any(_SCHEME.search(name) for name in names):
        return f"{what}; the first row must name the columns, as in image,video"
    return f"{what}; name the columns {' and '.join(missing)}" if missing[1:] else f"{what}; name a column {missing[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The cells of a row, and its text as in the file, with the index where each cell starts."""

    cells: Sequence[str]
    text: Text
    starts: Sequence[int]

    def place(self, column: int) -> Place:
        return self.text.place(self.starts[column])


class _Feed:
    """Hands lines to ``csv.reader`` and keeps those of the row that it is reading."""

    def __init__(self, first: str, rest: Lines) -> None:
        self._lines = chain([first], rest)
        self._rest = rest
        self._taken: list[str] = []
        self._chars = 0
        self._first_line = rest.number

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if not self._taken:
            self._first_line = self._rest.number
        self._taken.append(line)
        self._chars += len(line)
        if self._chars > limits.TABLE_ROW_CHARS:
            raise self.unreadable(f"a row of more than {limits.TABLE_ROW_CHARS} characters: this is not a job")
        return line

    def take(self) -> Text:
        """The text of the row that was read; the next line begins another."""
        text = Text("".join(self._taken), path=self._rest.path, first_line=self._first_line)
        self._taken.clear()
        self._chars = 0
        return text

    def unreadable(self, message: str) -> JobUnreadable:
        return JobUnreadable(message, path=self._rest.path, line=self._first_line, column=1)


def table_rows(lines: Lines) -> Iterator[_Row]:
    """The rows that hold a value. Raises ``JobUnreadable`` where the table cannot be told apart any more."""
    delimiter, first = _header(lines)
    cell = re.compile(rf'(?:"[^"]*(?:""[^"]*)*"|[^{delimiter}\r\n]*)(?:{delimiter}|[\r\n]*\Z)')
    feed = _Feed(first, lines)
    try:
        for cells in csv.reader(feed, delimiter=delimiter, strict=True):
            text = feed.take()
            if any(value.strip() for value in cells):
                starts = [found.start() for found in islice(cell.finditer(text.string), len(cells))]
                yield _Row(cells=cells, text=text, starts=starts)
    except csv.Error as exc:
        raise feed.unreadable(f"not CSV, and not read further: {exc}") from exc


def _header(lines: Iterable[str]) -> tuple[str, str]:
    """The delimiter of a table, and the line of its header."""
    filled = (line for line in lines if line.strip())
    first = next(filled, "")
    if said := _SAID.fullmatch(first):  # as Excel writes it
        return said[1], next(filled, "")
    return max(_DELIMITERS, key=first.count), first


def _columns(header: _Row) -> list[FieldName | None]:
    header.text.require_characters()
    return [_column_name(name.strip()) for name in header.cells]


def _column_name(name: str) -> FieldName | None:
    """The field of a column. A table's author may write ``Image`` or ``VIDEO_URLS``; any other name stays."""
    if not name:
        return None
    if name.lower() == _ID.key:
        return _ID
    return field_name(name.lower() if is_field_name(name.lower()) else name)


def _job(row: _Row, columns: Sequence[FieldName | None], default_model: str | None) -> Job:
    row.text.require_characters()
    values: dict[FieldName, JsonValue] = {}
    places = {"": row.text.place(0)}
    repeated: list[str] = []
    for index, cell in enumerate(row.cells):
        value = cell.strip()
        if not value:
            continue
        field = _column(row, columns, index)
        if field in values:
            repeated.append(str(field))
        places[str(field)] = row.place(index)
        values[field] = _urls(value) if field.key in LIST_FIELDS else value
    name = values.pop(_ID, None)
    if default_model is not None:
        values.setdefault(_MODEL, default_model)
    return Job(
        body=body_from(values),
        id=shown_id(name, list(values.values())) if isinstance(name, str) else None,
        path=row.text.path,
        line=places[""].line,
        places=places,
        repeated=tuple(repeated),
    )


def _column(row: _Row, columns: Sequence[FieldName | None], index: int) -> FieldName:
    if index >= len(columns):
        message = f"more than the {len(columns)} cells of the header (a delimiter within a value needs quotes)"
        raise row.text.unreadable(message, row.place(index))
    field = columns[index]
    if field is None:
        raise row.text.unreadable("a value in a column without a name", row.place(index))
    return field


def _urls(cell: str) -> list[JsonValue]:
    parts = (part.strip() for piece in _BETWEEN_URLS.split(cell) for part in _BEFORE_SCHEME.split(piece))
    return [part for part in parts if part]
