"""Sees the rows of a manifest go by, and finds those whose id an earlier row has, as the readers of rows would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.columns import NotAColumn
from preflight.jobfiles.csv_reader import TableReader, TableRow
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.json_reader import DECODER, read_json_line
from preflight.jobfiles.json_rows import JsonRows
from preflight.jobfiles.row_ids import RowIds
from preflight.jobfiles.source_text import Text
from preflight.jobfiles.table_rows import NotAnId, RowReaders
from preflight.model.job import JsonValue
from preflight.runs.manifests.repeated_ids import RepeatedIds

_PLAIN_CHARS: Final = 10_000
"""A line of as many characters, nested less than ``limits.DEPTH``, breaks none of the other limits of a job."""


class IdScan:
    """Compares the ids of rows, which come in their order, and adds to ``found`` those that are used again.

    A row that cannot be read has no id, here as for its reader.
    """

    def __init__(self, found: RepeatedIds, *, models: TableModels, columns: Mapping[str, str], path: str) -> None:
        self.found = found
        self._models = models
        self._columns = columns
        self._path = path
        self._ids = RowIds()
        self._json = JsonRows(models=models, columns=columns, ids=self._ids)
        self._table: TableReader | None = None
        self._cells: RowReaders | None = None

    def close(self) -> None:
        """Forget the ids; ``found`` stays."""
        self._ids.close()

    def header(self, header: TableRow) -> None:
        """The header of a table. Without a column that is named for a field, no row of it can be read."""
        try:
            self._table = TableReader(header, models=self._models, columns=self._columns, ids=self._ids)
        except JobUnreadable:
            self._table = None

    def table_row(self, row: TableRow) -> None:
        """A row below it."""
        if self._table is None:
            return
        try:
            self._add(self._table.own_id(row), row.text.first_line)
        except JobUnreadable:
            return

    def names(self, line: str) -> None:
        """The names of the columns of cells, as JSON."""
        try:
            self._cells = RowReaders(json.loads(line), self._columns, self._models, ids=self._ids)
        except NotAColumn:
            self._cells = None

    def cells(self, line: str, number: int) -> None:
        """The cells of row ``number``, as JSON; a text stands for a row that cannot be read."""
        cells = json.loads(line)
        if self._cells is None or isinstance(cells, str):
            return
        try:
            self._add(self._cells.of(cells).own_id(cells), number)
        except NotAnId:
            return

    def json_line(self, line: str, number: int) -> None:
        """A line of JSON, not blank."""
        text = Text(line.rstrip("\r\n"), path=self._path, first_line=number)
        try:
            text.require_characters()
            if (body := _plain_body(text.string)) is not None:
                self._add(self._json.own_id(body), number)
            elif (first := read_json_line(text, self._json).same_id) is not None:
                self.found.add(number, first)
        except (JobUnreadable, NotAnId, NotAColumn):
            return

    def _add(self, name: str | None, line: int) -> None:
        if name is not None and (first := self._ids.first_line(name, line)) is not None:
            self.found.add(line, first)


def _plain_body(line: str) -> JsonValue:
    """The value of a line that can be read for certain; ``None`` where its reader must tell.

    The reader keeps the place of every value, which takes ten times as long.
    """
    if len(line) > _PLAIN_CHARS or line.count("{") + line.count("[") >= limits.DEPTH:
        return None
    if "\\ud" in line or "\\uD" in line:  # perhaps half of a surrogate pair
        return None
    try:
        value: JsonValue = DECODER.decode(line)
    except ValueError:
        return None
    return value
