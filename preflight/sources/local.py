"""Runs a probe over a local file. Reading is free, so optional spans are always answered."""

from __future__ import annotations

import os
import stat
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeVar

from preflight.errors import LocalUnreadable, SourceChanged, SourceError
from preflight.model import MakeProbe, Probe, Reading, Span, SparseBytes, Transfer
from preflight.model.pointers import is_annex_key
from preflight.sources.limits import MAX_LOCAL_BYTES, MAX_SPANS

__all__ = ["read_local"]

_Facts = TypeVar("_Facts")

# Opening a FIFO would block, a terminal would be taken over. Both flags are missing on Windows, O_BINARY elsewhere.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_local(path: Path, make_probe: MakeProbe[_Facts]) -> Reading[_Facts]:
    """Run a probe over the file at ``path``. A failure becomes the reading's ``fault``; no ``SourceError`` is raised.

    Exceptions of the probe itself are not caught.
    """
    fetched = SparseBytes()
    facts: _Facts | None = None
    size: int | None = None
    fault: SourceError | None = None
    try:
        file, before = _opened(path)
        with file:
            size = before.st_size
            facts = _drive(make_probe(size), file, size, fetched)
            after = os.fstat(file.fileno())
        if (after.st_size, after.st_mtime_ns) != (size, before.st_mtime_ns):
            raise SourceChanged("the file changed while it was read")
    except SourceError as exc:
        facts, fault = None, exc
        link = _annex_link(path) if size is None else None
        if link is not None:
            size, fault = len(link), None
            facts = _drive(make_probe(size), BytesIO(link), size, fetched)
    transfer = Transfer(bytes=len(fetched), bytes_asked=len(fetched), bytes_received=len(fetched))
    return Reading(facts=facts, transfer=transfer, fetched=fetched, size_bytes=size, fault=fault)


def _annex_link(path: Path) -> bytes | None:
    """Where a link leads, if that is a place in the store of git-annex: the file is not there yet."""
    try:
        link = os.fsencode(os.readlink(path))  # noqa: PTH115 - bytes of any name
    except (OSError, ValueError):
        return None
    return link if is_annex_key(link) else None


def _opened(path: Path) -> tuple[BinaryIO, os.stat_result]:
    """The regular file at ``path``, open, and its status then. Raises ``LocalUnreadable``."""
    try:
        # Looked at before it is opened: opening some devices does something.
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()  # one that cannot be read says so: a search through folders ends here, too
        _refuse_irregular(status)
        file = os.fdopen(os.open(path, _FLAGS), "rb", buffering=0)
    except FileNotFoundError as exc:
        raise LocalUnreadable("there is no such file", missing=True) from exc
    except PermissionError as exc:
        raise LocalUnreadable("permission is denied") from exc
    except OSError as exc:
        raise LocalUnreadable(f"it cannot be opened: {exc.strerror or exc}") from exc
    except ValueError as exc:  # a NUL, or half a character
        raise LocalUnreadable("no file can have this name") from exc
    try:
        status = os.fstat(file.fileno())
        _refuse_irregular(status)
    except BaseException:
        file.close()
        raise
    return file, status


def _refuse_irregular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "not a regular file")
        raise LocalUnreadable(f"it is {kind}")


def _drive(probe: Probe[_Facts], file: BinaryIO, size: int, fetched: SparseBytes) -> _Facts:
    with closing(probe):
        try:
            span = next(probe)
            for _ in range(MAX_SPANS):
                span = probe.send(_read(file, Span(span.start, max(span.start, min(span.end, size))), fetched))
        except StopIteration as end:
            facts: _Facts = end.value
            return facts
    raise LocalUnreadable(f"reading it takes more than {MAX_SPANS} spans")


def _read(file: BinaryIO, span: Span, fetched: SparseBytes) -> bytes:
    known = fetched.prefix(span)
    if len(known) == len(span):
        return known
    if len(fetched) + len(span) > MAX_LOCAL_BYTES:
        raise LocalUnreadable(f"reading it takes more than {MAX_LOCAL_BYTES} bytes")
    try:
        file.seek(span.start)
        data = file.read(len(span)) or b""
        while len(data) < len(span) and (piece := file.read(len(span) - len(data))):
            data += piece
    except OSError as exc:
        raise LocalUnreadable(f"it cannot be read: {exc.strerror or exc}") from exc
    fetched.add(span.start, data)
    return data
