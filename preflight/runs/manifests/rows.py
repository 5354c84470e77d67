"""Reads the rows of one part of a manifest, in whatever process: from the file, or from bytes that were sent along."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from preflight.errors import JobUnreadable
from preflight.jobfiles.csv_reader import read_table
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.json_reader import read_json_lines
from preflight.jobfiles.open import open_regular
from preflight.jobfiles.source_text import Lines
from preflight.model import Job
from preflight.runs.manifests.manifest import Kind, Manifest, Slice, Stamp, changed, stamp_of
from preflight.runs.manifests.repeated_ids import found_before
from preflight.specs import BUILT_IN, Specs


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRows:
    """The rows of one part, to be read in another process. ``head`` is the header of a table.

    They are in ``file``; ``data`` holds their bytes where that is out of a worker's reach. ``same_ids`` are those with
    the id of an earlier row of the manifest, as ``RepeatedIds`` has them.
    """

    path: str
    file: str
    stamp: Stamp
    kind: Kind
    head: bytes
    head_lines: int
    part: Slice
    model: str
    specs: Specs = BUILT_IN
    columns: tuple[tuple[str, str], ...] = ()
    data: bytes | None = None
    same_ids: bytes = b""

    def with_data(self) -> PartRows:
        """The same, to be read anywhere. Raises ``ManifestChanged``."""
        if self.data is not None:
            return self
        with self._opened() as stream:
            self._require_unchanged(stream)
            stream.seek(self.part.start)
            return replace(self, data=stream.read(self.part.end - self.part.start))

    def read(self) -> list[Job | JobUnreadable]:
        """The rows in their order. Raises ``ManifestChanged`` where the file is another than at first."""
        if self.data is not None:
            rows = self._parsed(io.BytesIO(self.data))
        else:
            with self._opened() as stream:
                self._require_unchanged(stream)
                stream.seek(self.part.start)
                rows = self._parsed(stream)
                self._require_unchanged(stream)
        if len(rows) != self.part.rows:
            raise changed(self.file)
        return rows

    def _opened(self) -> BufferedReader[Any]:
        try:
            return open_regular(Path(self.file))
        except JobUnreadable as error:
            reason = str(error).removeprefix(f"{error.path}: ")
            raise changed(self.file, f"cannot be read any more ({reason})") from error

    def _parsed(self, stream: IO[bytes]) -> list[Job | JobUnreadable]:
        if self.kind == "cells":
            return self._jobs_of_cells(stream)
        # A line of its own before the rows: the beginning of a file has a meaning that theirs must not have.
        before = self.head or b"\n"
        span: BufferedReader[Any] = BufferedReader(_Span(before, stream, self.part.end - self.part.start))
        count = self.head_lines if self.head else 1
        lines = _SlicedLines(span, path=self.path, before=count, first_line=self.part.first_line)
        read = read_table if self.kind == "table" else read_json_lines
        return list(read(lines, models=self._models(), columns=dict(self.columns), ids=found_before(self.same_ids)))

    def _jobs_of_cells(self, stream: IO[bytes]) -> list[Job | JobUnreadable]:
        from preflight.jobfiles.parquet_reader import cell_reader  # only for Parquet

        names, columns = json.loads(self.head), dict(self.columns)
        ids = found_before(self.same_ids)
        read = cell_reader(names, columns, shown=self.path, models=self._models(), ids=ids)
        found = (read(row, json.loads(line)) for row, line in enumerate(stream, start=self.part.first_line))
        return [job for job in found if job is not None]

    def _models(self) -> TableModels:
        return TableModels(self.model, self.specs)

    def _require_unchanged(self, stream: IO[bytes]) -> None:
        if stamp_of(stream) != self.stamp:
            raise changed(self.file)


def part_rows(
    manifest: Manifest, number: int, *, model: str, columns: tuple[tuple[str, str], ...] = (), specs: Specs = BUILT_IN
) -> PartRows:
    """The rows of part ``number`` of ``manifest``; ``model`` is that of rows of a table that name none."""
    part, same_ids = manifest.slice(number), manifest.same_ids
    data = None
    if manifest.snapshot is not None:
        manifest.snapshot.seek(part.start)
        data = manifest.snapshot.read(part.end - part.start)
    return PartRows(
        path=manifest.path,
        file=manifest.file,
        stamp=manifest.stamp,
        kind=manifest.kind,
        head=manifest.head,
        head_lines=manifest.head_lines,
        part=part,
        data=data,
        same_ids=same_ids.of_part(number) if same_ids else b"",
        model=model,
        specs=specs,
        columns=columns,
    )


class _Span(io.RawIOBase):
    """Some bytes, and then so many of a stream."""

    def __init__(self, before: bytes, stream: IO[bytes], length: int) -> None:
        self._before = before
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typed for any buffer, called with this one
        if self._before:
            data = self._before[: len(buffer)]
            self._before = self._before[len(data) :]
        else:
            data = self._stream.read(min(len(buffer), self._left))
            self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


class _SlicedLines(Lines):
    """Lines whose numbers are those in the whole file: after the first ``before``, they go on with ``first_line``."""

    def __init__(self, stream: BufferedReader[Any], *, path: str, before: int, first_line: int) -> None:
        super().__init__(stream, path=path)
        self._before = before
        self._first_line = first_line

    def __next__(self) -> str:
        if self.number == self._before:
            self.number = self._first_line - 1
            self._before = -1
        return super().__next__()
