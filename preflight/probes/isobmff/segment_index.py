"""Indexes of fragments: ``sidx`` (ISO/IEC 14496-12 §8.16.3) and ``mfra`` (§8.8.9). Both are hints.

They say where fragments are, and are copied, cut and left behind when those change. The bytes they lead
to are looked at before they are believed.
"""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from struct import Struct

from preflight.model import Span
from preflight.model.facts import MediaError
from preflight.model.frozen import frozen
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import HEADER_BYTES, Box, children, corrupt, looks_like_box, parse_header, payload

_U32 = Struct(">I")
_ROW = Struct(">II4x")

SEGMENT_STARTS = frozenset({"moof", "styp", "sidx", "ssix", "emsg", "prft", "free", "skip", "uuid"})
"""The boxes that a subsegment may begin with (§8.16.2)."""


@frozen
class SegmentIndex:
    """One ``sidx``: the length of what it lists, where its last subsegment begins, and the byte where that ends.

    ``begin`` is where the first one is said to begin, ``second`` where the one after it does.
    """

    reference: int
    seconds: Fraction
    begin: int
    second: int
    last: int
    end: int


def parse_sidx(data: bytes, box: Box) -> SegmentIndex | None:
    """``sidx``. Sizes in it count from the end of the box itself.

    ``None`` for a version that is not defined: FFmpeg passes over such a box. It opens no file with an index that is
    empty, or that lists indexes (libavformat 59 and 62, ``mov_read_sidx``).
    """
    if data[0] > 1:
        return None
    reference, timescale = _U32.unpack_from(data, 4)[0], _U32.unpack_from(data, 8)[0]
    entries = 32 if data[0] else 24
    declared = int.from_bytes(data[entries - 2 : entries], "big") if len(data) >= entries else 0
    if not timescale or len(data) < entries + 12 * declared:
        corrupt(
            f"has box '{box.path}' at byte {box.start} with {declared} entries that do not fit, or timescale 0",
            offset=box.start,
            where=box.path,
        )
    begin = box.end + int.from_bytes(data[20:28] if data[0] else data[16:20], "big")
    rows = [_ROW.unpack_from(data, entries + 12 * index) for index in range(declared)]
    if not rows or any(size >> 31 for size, _ in rows):
        what = "that lists other indexes" if rows else "without entries"
        message = f"has box '{box.path}' at byte {box.start} {what}: FFmpeg opens no such file"
        corrupt(message, offset=box.start, where=box.path)
    sizes = [size for size, _ in rows]
    return SegmentIndex(
        reference=reference,
        seconds=Fraction(sum(ticks for _, ticks in rows), timescale),
        begin=begin,
        second=begin + sum(sizes[:1]),
        last=begin + sum(sizes[:-1]),
        end=begin + sum(sizes),
    )


def last_indexed(cursor: Cursor) -> Generator[Span, bytes, int | None]:
    """Where the last fragment begins that ``mfra``, at the end of the file, lists for every track.

    ``None`` where there is no such box, and where it leads to no fragment.
    """
    try:
        return (yield from _last_in_mfra(cursor))
    except MediaError:  # a broken index does not count
        return None


def _last_in_mfra(cursor: Cursor) -> Generator[Span, bytes, int | None]:
    if cursor.size is None or cursor.size < 16:
        return None
    begin = max(0, cursor.size - limits.MFRA_SPAN_BYTES)
    tail = yield from cursor.read(begin, limits.MFRA_SPAN_BYTES, leads_back=True)
    if begin + len(tail) < cursor.size:  # from a server that only goes forwards
        return None
    length = _U32.unpack_from(tail, len(tail) - 4)[0] if len(tail) >= 16 else 0
    if tail[-12:-8] != b"mfro" or not 24 <= length <= len(tail):
        return None
    start = cursor.size - length
    mfra = parse_header((yield from cursor.read(start, HEADER_BYTES)), start, cursor.size)
    if mfra.fourcc != "mfra" or mfra.end != cursor.size:
        return None
    offsets: list[int] = []
    for box in (yield from children(cursor, mfra)):
        if box.fourcc == "tfra":
            data = yield from payload(cursor, box, at_least=16, at_most=length)
            last = parse_tfra(data, box)
            if last is not None:
                offsets.append(last)
    if not offsets:
        return None
    moof = yield from box_at(cursor, min(offsets), frozenset({"moof"}))
    return moof.start if moof is not None else None


def parse_tfra(data: bytes, box: Box) -> int | None:
    """The offset of the ``moof`` that the last entry of a ``tfra`` (§8.8.10) points to; ``None`` for an empty one."""
    widths = int.from_bytes(data[8:12], "big")
    count = int.from_bytes(data[12:16], "big")
    wide = 8 if data[0] == 1 else 4
    entry = 2 * wide + sum((widths >> shift & 3) + 1 for shift in (4, 2, 0))
    at = 16 + entry * (count - 1) + wide
    if not count:
        return None
    if at + wide > len(data):
        corrupt(
            f"has box '{box.path}' at byte {box.start} with {count} entries that do not fit",
            offset=box.start,
            where=box.path,
        )
    return int.from_bytes(data[at : at + wide], "big")


def box_at(cursor: Cursor, offset: int, types: frozenset[str]) -> Generator[Span, bytes, Box | None]:
    """The box of one of these ``types`` at ``offset``, whole within the file; ``None`` where there is none."""
    if cursor.size is not None and offset + 8 > cursor.size:
        return None
    header = yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES)
    if not looks_like_box(header) or header[4:8].decode("latin-1") not in types:
        return None
    try:
        box = parse_header(header, offset, cursor.size)
    except MediaError:
        return None
    return box if cursor.size is None or box.end <= cursor.size else None
