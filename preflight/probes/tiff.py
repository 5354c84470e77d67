"""TIFF directories (TIFF 6.0 §2, BigTIFF): of TIFF files, and inside JPEG's Exif and MPF segments and PNG's eXIf."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Literal, TypeAlias

from preflight.model import Span
from preflight.model.named_tuple import NamedTuple
from preflight.probes.cursor import Cursor

ByteOrder: TypeAlias = Literal["little", "big"]

ORIENTATION = 0x0112
NUMBER_OF_IMAGES, MP_ENTRIES = 0xB001, 0xB002
"""Of the Multi-Picture Format (CIPA DC-007 §5.2.3)."""
_SUBFILE_TYPE, _WIDTH, _LENGTH, _MAKE, _SUB_IFDS, _EXIF = 0x00FE, 0x0100, 0x0101, 0x010F, 0x014A, 0x8769
_EXIF_WIDTH, _EXIF_LENGTH, _DNG_VERSION = 0xA002, 0xA003, 0xC612
_XR_WIDTH, _XR_LENGTH = 0xBC80, 0xBC81
_WHOLE = frozenset({0, 2})
"""NewSubfileType of a picture or a page: bit 0 is a smaller copy, bit 2 a mask (TIFF 6.0 §8), others DNG's extras."""

_MAX_ENTRIES = 512
_MAX_DIRECTORIES = 16
_MAX_VALUES = 16
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 18: 8}  # field type -> bytes of one value
_INTEGERS = frozenset({1, 3, 4, 13, 16, 18})
_NEXT = -1
"""The key under which a directory keeps where the next one is."""


class Picture(NamedTuple):
    """The picture in a file that begins like a TIFF: its format if that is another, and its size in pixels."""

    name: str | None
    size: tuple[int, int] | None


class _Field(NamedTuple):
    kind: int
    times: int
    value: bytes
    """The value where it fits into the entry, else where it is."""


def orientation(data: bytes) -> int | None:
    """The orientation that an Exif block says, 1 to 8; ``None`` where it says none."""
    value = integers(data).get(ORIENTATION)
    return value if value in range(1, 9) else None


def integers(data: bytes) -> dict[int, int]:
    """The integer values of the first directory of a TIFF structure held whole in ``data``; empty when it is broken."""
    order = _byte_order(data)
    if order is None:
        return {}
    fields = _first_directory(data, order)
    return {tag: _integer(field, order) for tag, field in fields.items() if field.kind in _INTEGERS}


def value(data: bytes, tag: int) -> bytes:
    """The bytes of a field of the first directory of ``data``, as far as they are there; empty without the field."""
    order = _byte_order(data)
    field = _first_directory(data, order).get(tag) if order else None
    if field is None or order is None or field.kind not in _BYTES:
        return b""
    length = field.times * _BYTES[field.kind]
    start = int.from_bytes(field.value, order)
    return field.value[:length] if length <= len(field.value) else data[start : start + length]


def byte_order(data: bytes) -> ByteOrder | None:
    """The byte order that a TIFF structure states; ``None`` for anything else."""
    return _byte_order(data)


def read_picture(cursor: Cursor) -> Generator[Span, bytes, Picture]:
    """The picture of a TIFF, BigTIFF, DNG or other raw file, or of a JPEG XR.

    A raw file begins with a thumbnail; the picture itself is in a directory below it (``SubIFDs``). Its directory is
    the first that does not call itself a smaller copy or a mask.
    """
    header = yield from cursor.read(0, 16)
    order = _byte_order(header)
    if order is None:
        return Picture(None, None)
    if header[2:3] == b"\xbc":
        fields = yield from _read_directory(cursor, int.from_bytes(header[4:8], order), order, wide=False)
        return Picture(None, _size(fields, order, _XR_WIDTH, _XR_LENGTH))
    wide = header[2:4] in (b"+\0", b"\0+")
    start = int.from_bytes(header[8:16] if wide else header[4:8], order)
    waiting, seen = [start], set[int]()
    name, smaller = None, None
    first: dict[int, _Field] = {}
    while waiting and len(seen) < _MAX_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or not at:
            continue
        seen.add(at)
        fields = yield from _read_directory(cursor, at, order, wide=wide)
        if at == start:
            first = fields
            name = yield from _raw_name(cursor, header, fields, order)
        found = _size(fields, order)
        if found and (_SUBFILE_TYPE not in fields or _integer(fields[_SUBFILE_TYPE], order) in _WHOLE):
            if name == "CR2":
                exif = yield from _exif_size(cursor, fields, order)
                found = exif or found
            return Picture(name, found)
        smaller = max(filter(None, (smaller, found)), key=lambda size: size[0] * size[1], default=None)
        below = yield from _values(cursor, fields.get(_SUB_IFDS), order)
        waiting += [*below, _next(fields, order)]
    if not first:
        return Picture(None, None)
    return Picture(name, smaller)


def _byte_order(data: bytes) -> ByteOrder | None:
    if data[:2] == b"II":
        return "little"
    return "big" if data[:2] == b"MM" else None


def _first_directory(data: bytes, order: ByteOrder) -> dict[int, _Field]:
    if data[2:4] not in (b"*\0", b"\0*"):
        return {}
    start = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[start : start + 2], order)
    return dict(_fields(data[start + 2 : start + 2 + 12 * min(count, _MAX_ENTRIES)], order, wide=False))


def _read_directory(
    cursor: Cursor, at: int, order: ByteOrder, *, wide: bool
) -> Generator[Span, bytes, dict[int, _Field]]:
    counter, entry, pointer = (8, 20, 8) if wide else (2, 12, 4)
    count = int.from_bytes((yield from cursor.read(at, counter, ahead=4096)), order)
    length = entry * min(count, _MAX_ENTRIES)
    table = yield from cursor.read(at + counter, length + pointer)
    fields = dict(_fields(table[:length], order, wide=wide))
    if count <= _MAX_ENTRIES:
        fields[_NEXT] = _Field(4, 1, table[length:])
    return fields


def _next(fields: dict[int, _Field], order: ByteOrder) -> int:
    return int.from_bytes(fields[_NEXT].value, order) if _NEXT in fields else 0


def _fields(table: bytes, order: ByteOrder, *, wide: bool) -> Iterator[tuple[int, _Field]]:
    """Tag and field of each entry, the last entry of a tag first: a dictionary keeps the first one's."""
    step, counter = (20, 8) if wide else (12, 4)
    for at in reversed(range(0, len(table) - step + 1, step)):
        count = int.from_bytes(table[at + 4 : at + 4 + counter], order)
        if count >= 1:
            kind = int.from_bytes(table[at + 2 : at + 4], order)
            tag = int.from_bytes(table[at : at + 2], order)
            yield tag, _Field(kind, count, table[at + 4 + counter : at + step])


def _integer(field: _Field, order: ByteOrder) -> int:
    return int.from_bytes(field.value[: _BYTES.get(field.kind, 4)], order)


def _size(
    fields: dict[int, _Field], order: ByteOrder, width_tag: int = _WIDTH, length_tag: int = _LENGTH
) -> tuple[int, int] | None:
    width, length = fields.get(width_tag), fields.get(length_tag)
    if width is None or length is None or not {width.kind, length.kind} <= _INTEGERS:
        return None
    size = _integer(width, order), _integer(length, order)
    return size if all(size) else None


def _values(cursor: Cursor, field: _Field | None, order: ByteOrder) -> Generator[Span, bytes, list[int]]:
    """The integers of a field, wherever they are."""
    if field is None or field.kind not in _INTEGERS:
        return []
    step = _BYTES[field.kind]
    length = step * min(field.times, _MAX_VALUES)
    data = field.value
    if field.times * step > len(data):
        data = yield from cursor.read(int.from_bytes(data, order), length)
    return [int.from_bytes(data[at : at + step], order) for at in range(0, min(length, len(data) - step + 1), step)]


def _exif_size(
    cursor: Cursor, fields: dict[int, _Field], order: ByteOrder
) -> Generator[Span, bytes, tuple[int, int] | None]:
    """The size that a camera states for its picture, where a raw file begins with a smaller preview."""
    if _EXIF not in fields:
        return None
    exif = yield from _read_directory(cursor, _integer(fields[_EXIF], order), order, wide=False)
    return _size(exif, order, _EXIF_WIDTH, _EXIF_LENGTH)


def _raw_name(
    cursor: Cursor, header: bytes, fields: dict[int, _Field], order: ByteOrder
) -> Generator[Span, bytes, str | None]:
    """The name of a raw format of cameras by what tells it from a TIFF; ``None`` for a TIFF."""
    if header[8:10] == b"CR":
        return "CR2"
    if _DNG_VERSION in fields:
        return "DNG"
    make = fields.get(_MAKE)
    if make is None or make.kind != 2 or _SUB_IFDS not in fields:
        return None
    text = make.value
    if make.times > len(text):
        text = yield from cursor.read(int.from_bytes(text, order), min(make.times, 32))
    return {b"NIKON": "NEF", b"SONY": "ARW"}.get(text.upper().replace(b"\0", b" ").split(b" ")[0])
