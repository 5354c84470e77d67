"""Standard input: a job or a manifest, told apart by how it begins."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from preflight.errors import ConfigurationError
from preflight.options import Target
from preflight.targets.sniff import is_text, written_as

_HEAD_BYTES: Final = 64 * 1024
_DOCUMENT_BYTES: Final = 17 * 1024 * 1024
"""A little more than a job file may have, so that one that is too long is seen to be."""


def read_stream(stream: BinaryIO, *, model: str) -> Iterator[Target]:
    """The targets in ``stream``, called ``-``; a manifest is read row by row. ``model`` is for tables that name none.

    Raises ``ConfigurationError`` for what is no text, ``JobUnreadable`` for a job that cannot be read.
    """
    head = stream.read(_HEAD_BYTES)
    if not is_text(head):
        raise ConfigurationError(
            "standard input holds no text: it takes a job or a manifest; name a media file instead"
        )
    from preflight.jobfiles import load_text, read_manifest  # noqa: PLC0415 - loads YAML, which media files need not

    written = written_as(head)
    if written != "job":
        joined = io.BufferedReader(_Joined(head, stream))
        yield from read_manifest(joined, path="-", is_table=written == "table", default_model=model)
    else:
        yield load_text(head + stream.read(_DOCUMENT_BYTES - len(head)))


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
