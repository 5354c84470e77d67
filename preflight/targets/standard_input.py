"""Reads a job, a manifest or a list of names from standard input."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO, Final, Protocol

from preflight.errors import ConfigurationError
from preflight.jobfiles import limits, load_text, read_manifest
from preflight.jobfiles.detect import written_as
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.source_text import is_text
from preflight.model.target import Target
from preflight.specs import BUILT_IN, Specs

_PARQUET: Final = b"PAR1"
_HEAD_BYTES: Final = 64 * 1024
_DOCUMENT_BYTES: Final = 17 * 1024 * 1024
"""A little more than a job file may have, so that one that is too long is seen to be."""
_PIECE_BYTES: Final = 64 * 1024
_NAME_BYTES: Final = 32 * 1024
"""Longer than any path, and than any URL that is checked."""


def read_stream(
    stream: BinaryIO,
    *,
    model: str,
    columns: Mapping[str, str] = MappingProxyType({}),
    specs: Specs = BUILT_IN,
) -> Iterator[Target]:
    """The targets in ``stream``, called ``-``; a manifest is read row by row. ``model`` is for tables that name none.

    ``columns`` maps names of a job's columns to those of the table; ``specs`` has the models of jobs.

    Raises ``ConfigurationError`` for bytes that are not text, ``JobUnreadable`` for a job that cannot be read.
    """
    models = TableModels(model, specs)
    head = stream.read(_HEAD_BYTES)
    if head.startswith(_PARQUET):
        yield from _read_parquet(head, stream, models, columns)
        return
    if not is_text(head):
        raise ConfigurationError("standard input is not text: it takes a job or a manifest; name a media file instead")
    written = written_as(head, models, columns)
    if written != "job":
        joined = io.BufferedReader(_Joined(head, stream))
        yield from read_manifest(
            joined, path="-", is_table=written == "table", default_model=model, columns=columns, specs=specs
        )
    else:
        yield load_text(head + stream.read(_DOCUMENT_BYTES - len(head)))


def _read_parquet(head: bytes, rest: BinaryIO, models: TableModels, columns: Mapping[str, str]) -> Iterator[Target]:
    """The rows of a Parquet file, which is read from its end: so it is kept on the disk meanwhile."""
    from preflight.jobfiles.parquet_reader import read_parquet, require_parquet  # only for Parquet

    require_parquet()
    with tempfile.TemporaryFile() as file:
        size, piece = 0, head
        while piece:
            size += file.write(piece)
            if size > limits.PARQUET_STREAM_BYTES:
                most = limits.PARQUET_STREAM_BYTES >> 30
                raise ConfigurationError(
                    f"standard input: a Parquet file of more than {most} GiB; name the file instead"
                )
            piece = rest.read(1024 * 1024)
        file.seek(0)
        yield from read_parquet(file, shown="-", models=models, columns=columns)


class _Joined(io.RawIOBase):
    """What was read of a stream already, and the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typed for any buffer, called with this one
        data = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_names(stream: _Readable, *, null: bool) -> Iterator[str]:
    """The names in ``stream``, blank ones skipped. Raises ``ConfigurationError`` for one that is too long."""
    separator, held = (b"\x00" if null else b"\n"), b""
    while True:
        piece = stream.read(_PIECE_BYTES)
        *names, held = (held + piece).split(separator)
        if not piece:
            names, held = [held], b""
        if any(len(name) > _NAME_BYTES for name in (*names, held)):
            hint = "" if null or b"\x00" not in held else "; if NUL separates the names, add -0"
            raise ConfigurationError(f"a name of more than {_NAME_BYTES} bytes in the list of files{hint}")
        for name in names:
            text = os.fsdecode(name if null else name.removesuffix(b"\r"))
            if not text.strip():
                continue
            if "\x00" in text:
                raise ConfigurationError("a NUL in the list of files: if NUL separates the names, add -0")
            yield text
        if not piece:
            return
