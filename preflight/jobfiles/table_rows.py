"""Makes a job from the cells of one row, of whatever kind of table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from preflight.jobfiles.columns import Column, read_columns
from preflight.jobfiles.field_names import ID, FieldNames, TableModels
from preflight.jobfiles.fields import FieldName, shown_id, without_signatures
from preflight.jobfiles.row_ids import EarlierRows
from preflight.model import Job, Place
from preflight.model.job import JsonValue

_MAY_BE_SEVERAL = re.compile(r"[|\s]")
_BETWEEN_URLS = re.compile(r"[|\r\n]+")
# Not at every space, since a local path may hold one; the look behind keeps long runs of spaces linear.
_BEFORE_SCHEME = re.compile(r"(?<!\s)\s+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_YES_OR_NO = {"true": True, "false": False}


class NotAnId(ValueError):
    """A value that cannot be a row's id."""


class RowReader:
    """Reads the rows of one model in a table; ``default_model`` replaces an absent model."""

    def __init__(
        self, columns: Sequence[Column], names: FieldNames, *, default_model: str | None, ids: EarlierRows
    ) -> None:
        self.columns = columns
        self.names = names
        self._fields = [
            (index, column.field.key, column.field.in_input, _reading_of(column.field, names), str(column.field))
            for index, column in enumerate(columns)
            if column.field is not None and column.field != ID
        ]
        self._meta = [(index, column.name) for index, column in enumerate(columns) if column.name]
        self._id = next((index for index, column in enumerate(columns) if column.field == ID), None)
        self._default_model = default_model
        self._ids = ids

    def job(self, cells: Sequence[JsonValue], *, path: str, line: int, places: Mapping[str, Place]) -> Job:
        """The job of a row that begins on ``line``. Missing cells at its end are empty ones.

        Space around a text is dropped, an empty cell is an absent field, and of a field given twice the last one
        counts. Every column of the author's own is in ``meta``, empty or not. Raises ``NotAnId``.
        """
        body: dict[str, JsonValue] = {}
        inside: dict[str, JsonValue] = {}
        repeated: list[str] = []
        have, may_sign = len(cells), False
        for index, key, in_input, read, name in self._fields:
            value = cells[index] if index < have else None
            if isinstance(value, str):
                value = value.strip()
            if value is None or value == "":
                continue
            into = inside if in_input else body
            if key in into:
                repeated.append(name)
            may_sign = may_sign or not isinstance(value, str) or "?" in value
            into[key] = read(value)
        if self._default_model is not None:
            (inside if self.names.model.in_input else body).setdefault(self.names.model.key, self._default_model)
        body[self.names.container] = inside
        own = self.own_id(cells)
        return Job(
            body=body,
            id=None if own is None else shown_id(own, body if may_sign else None),
            path=path,
            line=line,
            places=places,
            repeated=tuple(repeated),
            meta=self._meta_of(cells, body if may_sign else None),
            same_id=None if own is None else self._ids.first_line(own, line),
        )

    def own_id(self, cells: Sequence[JsonValue]) -> str | None:
        """The id of a row; ``None`` where it has none. Raises ``NotAnId``."""
        return own_id(cells[self._id]) if self._id is not None and self._id < len(cells) else None

    def _meta_of(self, cells: Sequence[JsonValue], signed: Mapping[str, JsonValue] | None) -> dict[str, JsonValue]:
        have = len(cells)
        meta = {name: _stripped(cells[index]) if index < have else "" for index, name in self._meta}
        return meta if signed is None or not meta else without_signatures(meta, signed)


class RowReaders:
    """The readers of one table: one for each model that its rows name, made when the first such row comes."""

    def __init__(
        self, columns: Sequence[str], given: Mapping[str, str], models: TableModels, *, ids: EarlierRows
    ) -> None:
        self._columns = columns
        self._given = given
        self._models = models
        self._ids = ids
        self._first = self._reader(models.names[0])
        self._others: dict[str, RowReader] = {}
        places = (index for index, column in enumerate(self._first.columns) if column.field == models.names[0].model)
        self._model_at = max(places, default=None)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, as rows have them that name no other model."""
        return self._first.columns

    def of(self, cells: Sequence[JsonValue]) -> RowReader:
        """The reader of a row: that of the model which it names, if that is known."""
        if self._model_at is None or self._model_at >= len(cells):
            return self._first
        model = cells[self._model_at]
        model = model.strip() if isinstance(model, str) else ""
        if not model or model == self._first.names.spec.model:
            return self._first
        if model not in self._others:
            spec = self._models.specs.find(model)
            if spec is None:
                return self._first
            self._others[model] = self._reader(FieldNames(spec))
        return self._others[model]

    def _reader(self, names: FieldNames) -> RowReader:
        columns = read_columns(self._columns, self._given, names)
        return RowReader(columns, names, default_model=self._models.default, ids=self._ids)


def _stripped(value: JsonValue) -> JsonValue:
    return value.strip() if isinstance(value, str) else value


def own_id(value: JsonValue) -> str | None:
    """A value as a row's own id; ``None`` for an empty one. Raises ``NotAnId``."""
    if isinstance(value, bool | list | dict):
        raise NotAnId("'id' must be a string or a number")
    return None if value is None else str(value).strip() or None


def _text(value: JsonValue) -> JsonValue:
    """A number as the text that a table without types would hold."""
    return value if isinstance(value, str | bool | list | dict) else str(value)


def _reading_of(field: FieldName, names: FieldNames) -> Callable[[JsonValue], JsonValue]:
    """How a value of ``field`` is read: a table has texts where a request body may have numbers and lists."""
    known = names.type_of(field)
    match known.type if known is not None else "string":
        case "string[]":
            return _urls
        case "integer" | "number":
            return _number
        case "boolean":
            return _yes_or_no
    return _text


def _number(value: JsonValue) -> JsonValue:
    """A number in a text, and a whole number where a table without whole numbers has one; else the value itself."""
    number = float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
    if isinstance(number, float) and isfinite(number):
        return int(number) if number.is_integer() else number
    return value


def _yes_or_no(value: JsonValue) -> JsonValue:
    return _YES_OR_NO.get(value.lower(), value) if isinstance(value, str) else value


def _urls(value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        return value if isinstance(value, list) else [value]
    if not _MAY_BE_SEVERAL.search(value):
        return [value]
    parts = (part.strip() for piece in _BETWEEN_URLS.split(value) for part in _BEFORE_SCHEME.split(piece))
    return [part for part in parts if part]
