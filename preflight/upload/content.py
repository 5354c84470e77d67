"""A local file as it is uploaded: its hash, its size, and the type of its bytes, whatever its name says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import Final

from preflight.bounded_file import NotRead, open_regular, why
from preflight.errors import LocalUnreadable, SourceChanged
from preflight.model import Kind
from preflight.model.file_types import SUFFIXES
from preflight.probes.probe import probe_media
from preflight.redact import shown_path
from preflight.sources.limits import MIB
from preflight.sources.local import read_local

MAX_UPLOAD_BYTES: Final = 256 * MIB
"""Far beyond the largest file that the service takes. A file of this size is held in memory while it is read back."""

PART_BYTES: Final = 5 * MIB
"""The smallest part that S3 takes, but for the last: a lost part is sent again, and progress moves by it."""

MEDIA_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WebP": "image/webp",
    "GIF": "image/gif",
    "HEIC": "image/heic",
    "HEIF": "image/heif",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "MP4": "video/mp4",
    "MOV": "video/quicktime",
    "Matroska": "video/x-matroska",
    "WebM": "video/webm",
    "AVI": "video/x-msvideo",
    "MPEG-TS": "video/mp2t",
}
"""Registered types (IANA), and the usual ones where none is registered. Nothing else is uploaded: the URL is public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file held when it was read. ``mark`` tells one state of the file from the next without reading it."""

    path: Path
    sha256: str
    size_bytes: int
    media_type: str
    suffix: str
    mark: tuple[int, int, int]

    @property
    def name(self) -> str:
        """The name in the store: of the bytes, so that the same file is uploaded once, whatever it is called here."""
        return f"{self.sha256}{self.suffix}"


def read_content(path: Path) -> Content:
    """The content of ``path``. Raises ``LocalUnreadable``, also for a file that is neither a picture nor a clip."""
    shown = shown_path(str(path))
    reading = read_local(path, partial(probe_media, kind=None, likely=Kind.VIDEO))
    if reading.fault is not None:
        raise LocalUnreadable(f"{shown}: {reading.fault}")
    container = reading.facts.container if reading.facts else None
    if container not in MEDIA_TYPES:
        raise LocalUnreadable(f"{shown} is not a picture or a clip of a known format: it is not uploaded")
    digest, size = sha256(), 0
    with _opened(path) as file:
        mark = _mark(file.fileno())
        if mark[0] > MAX_UPLOAD_BYTES:
            raise LocalUnreadable(
                f"{shown} is larger than {MAX_UPLOAD_BYTES // MIB} MiB: the service takes no such file"
            )
        for piece in _pieces(file, shown):
            digest.update(piece)
            size += len(piece)
        if size != mark[0] or _mark(file.fileno()) != mark:
            raise SourceChanged(f"{shown} changed while it was read")
    return Content(
        path=path,
        sha256=digest.hexdigest(),
        size_bytes=size,
        media_type=MEDIA_TYPES[container],
        suffix=SUFFIXES[container][0],
        mark=mark,
    )


def parts_of(content: Content) -> Iterator[bytes]:
    """The bytes of the file, in parts. The last one is withheld, and ``SourceChanged`` raised, if they are others."""
    shown = shown_path(str(content.path))
    digest, held = sha256(), b""
    with _opened(content.path) as file:
        for piece in _pieces(file, shown):
            if held:
                yield held
            digest.update(piece)
            held = piece
        if digest.hexdigest() != content.sha256 or _mark(file.fileno()) != content.mark:
            raise SourceChanged(f"{shown} changed while it was uploaded")
        yield held


def _opened(path: Path) -> BufferedReader:
    try:
        return open_regular(path)
    except NotRead as error:
        raise LocalUnreadable(f"{shown_path(str(path))}: {error}") from error


def _pieces(file: BufferedReader, shown: str) -> Iterator[bytes]:
    try:
        while piece := file.read(PART_BYTES):
            yield piece
    except OSError as error:
        raise LocalUnreadable(f"{shown}: {why(error)}") from error


def _mark(descriptor: int) -> tuple[int, int, int]:
    status = os.fstat(descriptor)
    return status.st_size, status.st_mtime_ns, status.st_ino
