"""Sizes of the picture formats that the service refuses, so that a report can say more than "no"."""

from __future__ import annotations

from collections.abc import Generator

from preflight.model import Span
from preflight.model.facts import MediaError
from preflight.probes import tiff
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.heif import read_heif_size

Size = tuple[int, int]


def read_picture_size(cursor: Cursor, name: str) -> Generator[Span, bytes, Size | None]:
    """Width and height in pixels of a picture of format ``name``; ``None`` when its header does not tell."""
    head = yield from cursor.read(0, 64)
    if name == "GIF":
        return _little(head, 6, 8)
    if name == "WebP":
        return _webp(head)
    if name == "BMP":
        return _bmp(head)
    if name == "Photoshop":
        return _nonzero(int.from_bytes(head[18:22], "big"), int.from_bytes(head[14:18], "big"))
    try:
        if name == "TIFF":
            return (yield from tiff.read_size(cursor))
        if name in ("HEIC", "HEIF", "AVIF"):
            return (yield from read_heif_size(cursor))
    except MediaError:
        return None
    return None


def _little(head: bytes, width_at: int, height_at: int) -> Size | None:
    return _nonzero(
        int.from_bytes(head[width_at : width_at + 2], "little"),
        int.from_bytes(head[height_at : height_at + 2], "little"),
    )


def _nonzero(width: int, height: int) -> Size | None:
    return (width, height) if width > 0 and height > 0 else None


def _bmp(head: bytes) -> Size | None:
    if head[14:18] == b"\x0c\0\0\0":
        return _little(head, 18, 20)
    # A negative height means rows from top to bottom.
    height = int.from_bytes(head[22:26], "little", signed=True)
    return _nonzero(int.from_bytes(head[18:22], "little", signed=True), abs(height))


def _webp(head: bytes) -> Size | None:
    """RFC 9649 §2.4 to §2.7: lossy, lossless, extended."""
    form = head[12:16]
    if form == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if form == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        return _nonzero(int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF)
    return None
