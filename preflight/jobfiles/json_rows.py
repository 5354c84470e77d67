"""Decides what the keys of one line of JSON Lines are: a request body with keys beside it, or a row of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from preflight.jobfiles import limits
from preflight.jobfiles.columns import NotAColumn, is_media_column, looks_like_a_field
from preflight.jobfiles.field_names import FieldNames, TableModels
from preflight.jobfiles.fields import LIST_FIELDS, shown_id, without_signatures
from preflight.jobfiles.row_ids import EarlierRows
from preflight.jobfiles.source_text import Text
from preflight.jobfiles.table_rows import NotAnId, RowReader, RowReaders, own_id
from preflight.model import Job, Place
from preflight.model.job import JsonValue

_SHAPES_KEPT = 64
"""Sets of keys whose meaning is remembered: the lines of a file have the same ones, or nearly."""


class JsonRows:
    """Reads the lines of one file. ``columns`` maps names of a job's columns to keys of its rows."""

    def __init__(self, *, models: TableModels, columns: Mapping[str, str], ids: EarlierRows) -> None:
        self._models = models
        self._given = columns
        self._ids = ids
        self._shapes: dict[tuple[str, ...], RowReaders] = {}

    def read(self, job: Job, text: Text) -> Job:
        """The job of a line that was read as ``job``, its keys told apart. Raises ``JobUnreadable``."""
        body = job.body
        if not isinstance(body, dict):
            return job
        if len(body) > limits.COLUMNS:
            message = f"{len(body)} keys; at most {limits.COLUMNS} are read: this is not a job"
            raise text.unreadable(message, job.places[""])
        try:
            names = self._models.of(body.get(self._models.names[0].model.key))
            if self._is_row(body, names):
                return self._row(job, body)
            return self._request(job, body, names)
        except NotAnId as exc:
            raise text.unreadable(str(exc), job.places["id"] if "id" in job.places else job.places[""]) from exc
        except NotAColumn as exc:
            raise text.unreadable(str(exc), job.places[""]) from exc

    def own_id(self, body: JsonValue) -> str | None:
        """The id of a line with this ``body``; ``None`` where it has none. Raises ``NotAnId`` and ``NotAColumn``."""
        if not isinstance(body, dict):
            return None
        names = self._models.of(body.get(self._models.names[0].model.key))
        if self._is_row(body, names):
            cells = list(body.values())
            return self._reader(tuple(body), cells).own_id(cells)
        return None if body.keys() <= names.top_keys | LIST_FIELDS else own_id(body.get("id"))

    def _is_row(self, body: Mapping[str, JsonValue], names: FieldNames) -> bool:
        if names.container in body or (names.spec.path is None and not LIST_FIELDS.isdisjoint(body)):
            return False
        if self._given or not names.media_columns.isdisjoint(body):
            return True
        return any(is_media_column(name, [names]) for name in body)

    def _row(self, job: Job, body: dict[str, JsonValue]) -> Job:
        names = tuple(body)
        cells = list(body.values())
        reader = self._reader(names, cells)
        line = job.line or 1
        places: dict[str, Place] = {"": job.places[""]}
        for name, column in zip(names, reader.columns, strict=True):
            if column.field is not None and name in job.places:
                places[str(column.field)] = job.places[name]
        row = reader.job(cells, path=job.path or "-", line=line, places=places)
        return replace(row, repeated=(*row.repeated, *job.repeated))

    def _reader(self, names: tuple[str, ...], cells: Sequence[JsonValue]) -> RowReader:
        return (self._shapes.get(names) or self._shape(names)).of(cells)

    def _shape(self, names: tuple[str, ...]) -> RowReaders:
        shape = RowReaders(names, self._given, self._models, ids=self._ids)
        if len(self._shapes) < _SHAPES_KEPT:
            self._shapes[names] = shape
        return shape

    def _request(self, job: Job, body: dict[str, JsonValue], names: FieldNames) -> Job:
        """A request body. A key that is not one of its own stays in it where it is close to one, for the rules."""
        known = names.top_keys | LIST_FIELDS
        if body.keys() <= known:
            return job
        own = own_id(body.get("id"))
        is_whole = isinstance(body.get(names.container), dict)
        meta = {
            name: value
            for name, value in body.items()
            if is_whole and name != "id" and name not in known and not looks_like_a_field(name, names)
        }
        kept = {name: value for name, value in body.items() if name != "id" and name not in meta}
        return replace(
            job,
            body=kept,
            id=None if own is None else shown_id(own, kept),
            meta=without_signatures(meta, kept) if meta else {},
            same_id=None if own is None else self._ids.first_line(own, job.line or 1),
        )
