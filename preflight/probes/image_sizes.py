"""Sizes of the picture formats that the service refuses, so that a report can say more than "no"."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import TypeAlias

from preflight.model import Span
from preflight.model.facts import MediaError
from preflight.probes import tiff
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import children_in, payload
from preflight.probes.isobmff.heif import read_codestream, read_heif_size
from preflight.probes.jpeg_xl import read_size_header
from preflight.probes.tiff import Picture

Size: TypeAlias = tuple[int, int]

_HEAD_BYTES = 4096
_HEIF = frozenset({"HEIC", "HEIF", "AVIF"})
_TIFF = frozenset({"TIFF", "JPEG XR", "ORF"})
_NETPBM = re.compile(rb"P[1-6](?:\s|#[^\r\n]*[\r\n])+(\d{1,9})(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})")
_PAM = re.compile(rb"P7\s(?:[^\n]*\n)*?WIDTH\s+(\d{1,9})\s(?:[^\n]*\n)*?HEIGHT\s+(\d{1,9})\s")
_RADIANCE = re.compile(rb"\n[-+]Y (\d{1,9}) [-+]X (\d{1,9})\n")
_DATA_WINDOW = b"dataWindow\0box2i\0\x10\0\0\0"


def read_picture(cursor: Cursor, name: str) -> Generator[Span, bytes, Picture]:
    """The exact format of a picture of format ``name``, and its size; that is ``None`` where its header is silent."""
    head = yield from cursor.read(0, _HEAD_BYTES)
    if name in _HEADERS:
        return Picture(None, _HEADERS[name](head))
    try:
        if name in _TIFF:
            return (yield from tiff.read_picture(cursor))
        if name in _HEIF:
            return Picture(None, (yield from read_heif_size(cursor)))
        if name == "JPEG XL":
            return Picture(None, (yield from _jpeg_xl(cursor, head)))
        if name == "JPEG 2000":
            return Picture(None, (yield from _jpeg_2000(cursor, head)))
    except MediaError:
        pass
    return Picture(None, None)


def _nonzero(width: int, height: int) -> Size | None:
    return (width, height) if width > 0 and height > 0 else None


def _at(form: str, width_at: int, height_at: int) -> Callable[[bytes], Size | None]:
    """A reader of two numbers: ``form`` is ``<`` or ``>`` and the bytes of each."""
    order, length = "little" if form[0] == "<" else "big", int(form[1])

    def read(head: bytes) -> Size | None:
        width, height = head[width_at : width_at + length], head[height_at : height_at + length]
        if len(width) < length or len(height) < length:
            return None
        return _nonzero(int.from_bytes(width, order), int.from_bytes(height, order))  # type: ignore[arg-type]  # one of two

    return read


def _bmp(head: bytes) -> Size | None:
    if head[14:18] == b"\x0c\0\0\0":
        return _at("<2", 18, 20)(head)
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


def _icon(head: bytes) -> Size | None:
    """The largest of its pictures; a side of 0 means 256."""
    count = int.from_bytes(head[4:6], "little")
    entries = range(6, min(6 + 16 * count, len(head) - 15), 16)
    return max(((head[at] or 256, head[at + 1] or 256) for at in entries), default=None)


def _openexr(head: bytes) -> Size | None:
    """The window that holds pixels: its first and its last column and row."""
    at = head.find(_DATA_WINDOW) + len(_DATA_WINDOW)
    if at < len(_DATA_WINDOW) or at + 16 > len(head):
        return None
    left, top, right, bottom = (int.from_bytes(head[i : i + 4], "little", signed=True) for i in range(at, at + 16, 4))
    return _nonzero(right - left + 1, bottom - top + 1)


def _netpbm(head: bytes) -> Size | None:
    found = _NETPBM.match(head) or _PAM.match(head)
    return _nonzero(int(found[1]), int(found[2])) if found else None


def _radiance(head: bytes) -> Size | None:
    found = _RADIANCE.search(head)
    return _nonzero(int(found[2]), int(found[1])) if found else None


_HEADERS: dict[str, Callable[[bytes], Size | None]] = {
    "GIF": _at("<2", 6, 8),
    "WebP": _webp,
    "BMP": _bmp,
    "Photoshop": _at(">4", 18, 14),
    "ICO": _icon,
    "CUR": _icon,
    "QOI": _at(">4", 4, 8),
    "DDS": _at("<4", 16, 12),
    "XCF": _at(">4", 14, 18),
    "Targa": _at("<2", 12, 14),
    "OpenEXR": _openexr,
    "Netpbm": _netpbm,
    "Radiance HDR": _radiance,
}


def _jpeg_xl(cursor: Cursor, head: bytes) -> Generator[Span, bytes, Size | None]:
    """A codestream by itself, or within boxes (ISO/IEC 18181-2): whole, or the first of several parts."""
    if head.startswith(b"\xff\x0a"):
        return read_size_header(head[2:16])
    box = yield from read_codestream(cursor, "jxlc", "jxlp")
    if box is None:
        return None
    data = yield from payload(cursor, box, at_most=32)
    data = data[4:] if box.fourcc == "jxlp" else data
    return read_size_header(data[2:]) if data.startswith(b"\xff\x0a") else None


def _jpeg_2000(cursor: Cursor, head: bytes) -> Generator[Span, bytes, Size | None]:
    """``ihdr`` in the boxes of a file (ISO/IEC 15444-1 §I.5.3.1), or SIZ of a codestream (§A.5.1)."""
    if head.startswith(b"\xff\x4f\xff\x51"):
        right, bottom, left, top = (int.from_bytes(head[at : at + 4], "big") for at in range(8, 24, 4))
        return _nonzero(right - left, bottom - top)
    box = yield from read_codestream(cursor, "jp2h")
    if box is None:
        return None
    for name, body in children_in((yield from payload(cursor, box)), 0, "jp2h"):
        if name == "ihdr":
            return _at(">4", 4, 0)(body)
    return None
