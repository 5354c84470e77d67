"""The samples of one track in movie fragments, one by one (ISO/IEC 14496-12 §8.8)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from struct import Struct
from typing import TypeAlias

from preflight.model import Span
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import (
    HEADER_BYTES,
    Box,
    children,
    first,
    is_padding,
    looks_like_box,
    parse_header,
    payload,
)

Place: TypeAlias = tuple[int, int, int, bool]
"""First byte, end, ticks when it is shown, and whether decoding can start there."""

_MAX_SAMPLES = 20_000
_MAX_FRAGMENTS_AFAR = 4
"""Fragments that are searched for a key frame where each costs a request."""
_U32 = Struct(">I")
_NOT_SYNC = 0x10000
"""``sample_is_non_sync_sample`` (§8.8.3.1)."""
_TFHD_FIELDS = ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4))
_FROM_MOOF = 0x20000
_TRUN_FIELDS = (0x100, 0x200, 0x400, 0x800)


def fragment_samples(
    cursor: Cursor, held: Cursor, places: tuple[int, Box], track: int, *, before: list[Place], is_limited: bool
) -> Generator[Span, bytes, list[Place]]:
    """The samples of ``track`` in the fragments from the first of ``places`` on, whose second is ``mvex`` in ``held``.

    ``is_limited``: no further than to the first key frame. Raises ``MediaError``.
    """
    offset, mvex = places
    defaults = yield from _read_defaults(held, mvex, track)
    found: list[Place] = []
    fragments, time = 0, before[-1][2] + 1 if before else 0
    while (box := (yield from _next_box(cursor, offset))) is not None and len(found) < _MAX_SAMPLES:
        if box.fourcc == "moof":
            fragments += 1
            for traf in (yield from children(cursor, box)):
                if traf.fourcc == "traf":
                    added = yield from _read_traf(cursor, traf, box.start, time, (track, defaults))
                    found += added
                    time = found[-1][2] + 1 if found else time
            if is_limited and (fragments >= _MAX_FRAGMENTS_AFAR or any(sample[3] for sample in found)):
                break
        if box.open_ended:
            break
        offset = box.end
    return found


def _next_box(cursor: Cursor, offset: int) -> Generator[Span, bytes, Box | None]:
    if cursor.size is not None and cursor.size - offset < HEADER_BYTES:
        return None
    header = yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES)
    if is_padding(header) or not looks_like_box(header):
        return None
    return parse_header(header, offset, cursor.size)


def _read_defaults(cursor: Cursor, mvex: Box, track: int) -> Generator[Span, bytes, dict[int, int]]:
    """Duration, size and flags of a sample that says nothing of its own, by the bit of ``tfhd`` that replaces them."""
    for box in (yield from children(cursor, mvex)):
        if box.fourcc == "trex":
            data = yield from payload(cursor, box, at_least=24)
            if _U32.unpack_from(data, 4)[0] == track:
                return {bit: _U32.unpack_from(data, at)[0] for bit, at in ((0x8, 12), (0x10, 16), (0x20, 20))}
    return {}


def _read_traf(
    cursor: Cursor, traf: Box, base: int, time: int, wanted: tuple[int, dict[int, int]]
) -> Generator[Span, bytes, list[Place]]:
    """Those of one ``traf``. Its offsets count from ``base``, the ``moof``; ``wanted`` is a track and its defaults."""
    track, defaults = wanted
    boxes = yield from children(cursor, traf)
    tfhd = first(boxes, "tfhd")
    if tfhd is None:
        return []
    data = yield from payload(cursor, tfhd, at_least=8)
    flags, number = _U32.unpack_from(data)[0] & 0xFFFFFF, _U32.unpack_from(data, 4)[0]
    if number != track:
        return []
    values, at = dict(defaults), 8
    for bit, length in _TFHD_FIELDS:
        if flags & bit:
            values[bit], at = int.from_bytes(data[at : at + length], "big"), at + length
    base = values.get(0x1, base) if not flags & _FROM_MOOF else base
    if (tfdt := first(boxes, "tfdt")) is not None:
        told = yield from payload(cursor, tfdt, at_least=8)
        time = int.from_bytes(told[4:12] if told[0] == 1 else told[4:8], "big")
    found: list[Place] = []
    begin = base
    for box in boxes:
        if box.fourcc == "trun":
            run = yield from payload(cursor, box, at_least=8, at_most=20 + 16 * _MAX_SAMPLES)
            if int.from_bytes(run[1:4], "big") & 0x1 and len(run) >= 12:
                begin = base + int.from_bytes(run[8:12], "big", signed=True)
            for start, end, shown, after, is_sync in _run_samples(run, values, begin, time):
                found.append((start, end, shown, is_sync))
                begin, time = end, after
    return found


def _run_samples(
    run: bytes, values: dict[int, int], begin: int, time: int
) -> Iterator[tuple[int, int, int, int, bool]]:
    """Each sample of a ``trun`` (§8.8.8), with the decode time after it. Ends where its bytes do."""
    flags, declared = int.from_bytes(run[1:4], "big"), int.from_bytes(run[4:8], "big")
    at = 8 + (4 if flags & 0x1 else 0)
    first_flags = None
    if flags & 0x4 and len(run) >= at + 4:
        first_flags, at = _U32.unpack_from(run, at)[0], at + 4
    bits = [bit for bit in _TRUN_FIELDS if flags & bit]
    room = (len(run) - at) // (4 * len(bits)) if bits else _MAX_SAMPLES
    for number in range(min(declared, room, _MAX_SAMPLES)):
        own = dict(zip(bits, Struct(f">{len(bits)}I").unpack_from(run, at), strict=True))
        at += 4 * len(bits)
        end = begin + own.get(0x200, values.get(0x10, 0))
        shift = own.get(0x800, 0)
        sample_flags = first_flags if number == 0 and first_flags is not None else own.get(0x400, values.get(0x20, 0))
        after = time + own.get(0x100, values.get(0x8, 0))
        yield begin, end, time + (shift - (1 << 32) if shift >> 31 else shift), after, not sample_flags & _NOT_SYNC
        begin, time = end, after
