"""Where the samples of a track end, by its tables (ISO/IEC 14496-12 §8.7), without reading a table."""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct

from preflight.model import Span
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, first

_U32 = Struct(">I")
_MAX_SAMPLES = 4096


def read_data_end(cursor: Cursor, stbl: Box) -> Generator[Span, bytes, int | None]:
    """The byte at which the last chunk of the track ends; at which it begins, plus one, where its size is not told.

    Only what is held already is looked at, and ``None`` returned where that does not tell: no table is worth a read.
    """
    if not cursor.holds(stbl.start, stbl.size):
        return None
    boxes = yield from children(cursor, stbl)
    offsets = first(boxes, "stco") or first(boxes, "co64")
    if offsets is None:
        return None
    width = 4 if offsets.fourcc == "stco" else 8
    chunks = yield from _field(cursor, offsets, 4)
    if not chunks:
        return None
    begin = yield from _field(cursor, offsets, 8 + width * (chunks - 1), width)
    if begin is None:
        return None
    samples = yield from _samples_of_last_chunk(cursor, first(boxes, "stsc"), chunks)
    size = yield from _size_of_last(cursor, first(boxes, "stsz"), samples)
    return begin + max(size, 1)


def _samples_of_last_chunk(cursor: Cursor, stsc: Box | None, chunks: int) -> Generator[Span, bytes, int]:
    """How many samples the last chunk holds (§8.7.4); 0 where that is not told."""
    runs = (yield from _field(cursor, stsc, 4)) if stsc else None
    if not stsc or not runs:
        return 0
    first_chunk = yield from _field(cursor, stsc, 8 + 12 * (runs - 1))
    samples = yield from _field(cursor, stsc, 12 + 12 * (runs - 1))
    return samples if first_chunk and samples and first_chunk <= chunks else 0


def _size_of_last(cursor: Cursor, stsz: Box | None, samples: int) -> Generator[Span, bytes, int]:
    """Bytes of the last ``samples`` samples (§8.7.3.2); 0 where that is not told."""
    if stsz is None or not 0 < samples <= _MAX_SAMPLES:
        return 0
    each, count = (yield from _field(cursor, stsz, 4)), (yield from _field(cursor, stsz, 8))
    if each is None or not count or count < samples:
        return 0
    if each:
        return each * samples
    start = stsz.body + 12 + 4 * (count - samples)
    if start + 4 * samples > stsz.end:
        return 0
    table = yield from cursor.read(start, 4 * samples)
    return sum(size for (size,) in _U32.iter_unpack(table)) if len(table) == 4 * samples else 0


def _field(cursor: Cursor, box: Box, at: int, width: int = 4) -> Generator[Span, bytes, int | None]:
    """A number in the payload of ``box``; ``None`` beyond its end."""
    if box.body + at + width > box.end:
        return None
    return int.from_bytes((yield from cursor.read(box.body + at, width)), "big")
