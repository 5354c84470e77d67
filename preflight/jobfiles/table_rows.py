"""Makes a job from the cells of one row, of whatever kind of table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from preflight.jobfiles.columns import ID, Column
from preflight.jobfiles.fields import LIST_FIELDS, shown_id, without_signatures
from preflight.jobfiles.row_ids import RowIds
from preflight.model import Job, Place
from preflight.model.job import JsonValue

_MAY_BE_SEVERAL = re.compile(r"[|\s]")
_BETWEEN_URLS = re.compile(r"[|\r\n]+")
# Not at every space, since a local path may hold one; the look behind keeps long runs of spaces linear.
_BEFORE_SCHEME = re.compile(r"(?<!\s)\s+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


class NotAnId(ValueError):
    """A value that cannot be a row's id."""


class RowReader:
    """Reads the rows of one table, whose ``columns`` are known; ``default_model`` replaces an absent model."""

    def __init__(self, columns: Sequence[Column], *, default_model: str | None, ids: RowIds) -> None:
        self._fields = [
            (index, column.field.key, column.field.in_input, column.field.key in LIST_FIELDS, str(column.field))
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
        for index, key, in_input, is_list, name in self._fields:
            value = cells[index] if index < have else None
            if isinstance(value, str):
                value = value.strip()
            if value is None or value == "":
                continue
            into = inside if in_input else body
            if key in into:
                repeated.append(name)
            may_sign = may_sign or not isinstance(value, str) or "?" in value
            into[key] = _urls(value) if is_list else _text(value)
        if self._default_model is not None:
            body.setdefault("model", self._default_model)
        body["input"] = inside
        found = cells[self._id] if self._id is not None and self._id < have else None
        own = own_id(found)
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

    def _meta_of(self, cells: Sequence[JsonValue], signed: Mapping[str, JsonValue] | None) -> dict[str, JsonValue]:
        have = len(cells)
        meta = {name: _stripped(cells[index]) if index < have else "" for index, name in self._meta}
        return meta if signed is None or not meta else without_signatures(meta, signed)


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


def _urls(value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        return value if isinstance(value, list) else [value]
    if not _MAY_BE_SEVERAL.search(value):
        return [value]
    parts = (part.strip() for piece in _BETWEEN_URLS.split(value) for part in _BEFORE_SCHEME.split(piece))
    return [part for part in parts if part]
