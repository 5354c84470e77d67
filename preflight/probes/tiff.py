"""TIFF directories (TIFF 6.0 §2, BigTIFF): of TIFF files, and inside JPEG's Exif and MPF segments."""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal, TypeAlias

from preflight.model import Span
from preflight.probes.cursor import Cursor

ByteOrder: TypeAlias = Literal["little", "big"]

IMAGE_WIDTH, IMAGE_LENGTH = 0x0100, 0x0101
ORIENTATION = 0x0112
NUMBER_OF_IMAGES = 0xB001
"""Of the Multi-Picture Format (CIPA DC-007 §5.2.3)."""

_MAX_ENTRIES = 512
_INTEGER_BYTES = {1: 1, 3: 2, 4: 4, 16: 8}  # field type -> bytes of one value


def integers(data: bytes) -> dict[int, int]:
    """The integer values of the first directory of a TIFF structure held whole in ``data``; empty when it is broken."""
    order = _byte_order(data)
    if order is None or data[2:4] not in (b"*\0", b"\0*"):
        return {}
    start = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[start : start + 2], order)
    return _entries(data[start + 2 : start + 2 + 12 * min(count, _MAX_ENTRIES)], order, wide=False)


def read_size(cursor: Cursor) -> Generator[Span, bytes, tuple[int, int] | None]:
    """Width and height of a TIFF or BigTIFF file, in pixels; ``None`` when its first directory does not say."""
    header = yield from cursor.read(0, 16)
    order = _byte_order(header)
    if order is None:
        return None
    wide = header[2:4] in (b"+\0", b"\0+")
    start = int.from_bytes(header[8:16] if wide else header[4:8], order)
    counter, entry = (8, 20) if wide else (2, 12)
    count = int.from_bytes((yield from cursor.read(start, counter, ahead=4096)), order)
    table = yield from cursor.read(start + counter, entry * min(count, _MAX_ENTRIES))
    values = _entries(table, order, wide=wide)
    width, height = values.get(IMAGE_WIDTH), values.get(IMAGE_LENGTH)
    return (width, height) if width and height else None


def _byte_order(data: bytes) -> ByteOrder | None:
    if data[:2] == b"II":
        return "little"
    return "big" if data[:2] == b"MM" else None


def _entries(table: bytes, order: ByteOrder, *, wide: bool) -> dict[int, int]:
    step, counter = (20, 8) if wide else (12, 4)
    found: dict[int, int] = {}
    for at in range(0, len(table) - step + 1, step):
        tag = int.from_bytes(table[at : at + 2], order)
        length = _INTEGER_BYTES.get(int.from_bytes(table[at + 2 : at + 4], order))
        if length is not None and int.from_bytes(table[at + 4 : at + 4 + counter], order) >= 1:
            value = at + 4 + counter
            found.setdefault(tag, int.from_bytes(table[value : value + length], order))
    return found
