"""One fragment: the times and the bytes of the samples in a ``moof`` (ISO/IEC 14496-12 §8.8)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from struct import Struct

from preflight.model import Span
from preflight.model.frozen import frozen
from preflight.model.video import FrameTimes
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, corrupt, first, payload

_U32 = Struct(">I")

# tfhd flags (§8.8.7) and trun flags (§8.8.8)
_BASE_DATA_OFFSET, _SAMPLE_DESCRIPTION, _DEFAULT_DURATION, _DEFAULT_SIZE = 0x1, 0x2, 0x8, 0x10
_FROM_MOOF = 0x20000
_DATA_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_DURATION, _SIZE, _FLAGS, _COMPOSITION = 0x100, 0x200, 0x400, 0x800
_PER_SAMPLE = (_DURATION, _SIZE, _FLAGS, _COMPOSITION)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The movie box's facts about its fragments: ``mehd`` in ticks; by track id, what ``trex`` says of durations, sizes
    and the sample description, counted from 1.
    """

    movie_ticks: int | None = None
    sample_durations: dict[int, int] = field(default_factory=dict)
    sample_sizes: dict[int, int] = field(default_factory=dict)
    descriptions: dict[int, int] = field(default_factory=dict)


@frozen
class Run:
    """The samples of one track in one ``moof``. ``time`` is their decode time in ticks, ``None`` where it is not told.

    ``offset`` is the composition offset of the first. ``data_end`` is the byte at which they end, ``None`` where that
    is not told. ``frames`` is how long each lasts, ``bytes`` how many they are, ``description`` the number of their
    sample entry; ``is_misplaced`` says that they begin among the boxes of the fragment.
    """

    track: int
    time: int | None
    ticks: int
    samples: int
    offset: int
    data_end: int | None
    frames: FrameTimes | None = None
    bytes: int = 0
    description: int = 1
    is_misplaced: bool = False


def read_mvex(cursor: Cursor, mvex: Box) -> Generator[Span, bytes, Defaults]:
    """``mvex`` (§8.8.1)."""
    ticks: int | None = None
    durations: dict[int, int] = {}
    sizes: dict[int, int] = {}
    descriptions: dict[int, int] = {}
    for box in (yield from children(cursor, mvex)):
        if box.fourcc == "mehd":
            data = yield from payload(cursor, box, at_least=8)
            length = 8 if data[0] == 1 else 4
            value = int.from_bytes(data[4 : 4 + length], "big")
            ticks = None if value in (0, (1 << (8 * length)) - 1) else value
        elif box.fourcc == "trex":
            data = yield from payload(cursor, box, at_least=24)
            track = _U32.unpack_from(data, 4)[0]
            durations[track], sizes[track] = _U32.unpack_from(data, 12)[0], _U32.unpack_from(data, 16)[0]
            descriptions[track] = _U32.unpack_from(data, 8)[0]
    return Defaults(ticks, durations, sizes, descriptions)


def read_moof(cursor: Cursor, moof: Box, defaults: Defaults) -> Generator[Span, bytes, list[Run]]:
    """The samples of every track in ``moof``. Raises ``MediaError`` for a fragment that breaks the format."""
    runs: list[Run] = []
    for traf in (yield from children(cursor, moof)):
        if traf.fourcc == "mfhd":
            yield from payload(cursor, traf, at_least=8)
        elif traf.fourcc == "traf":
            before = runs[-1].data_end if runs else moof.start
            runs.append((yield from _read_traf(cursor, traf, (moof.start, before), defaults)))
    return runs


def _read_traf(
    cursor: Cursor, traf: Box, bases: tuple[int, int | None], defaults: Defaults
) -> Generator[Span, bytes, Run]:
    """One ``traf`` (§8.8.6). Its offsets count from the first of ``bases``, the ``moof``, or from the data before."""
    boxes = yield from children(cursor, traf)
    tfhd = first(boxes, "tfhd")
    if tfhd is None:
        corrupt("has a track fragment without 'tfhd'", offset=traf.start, where=traf.path)
    data = yield from payload(cursor, tfhd, at_least=8)
    flags, track = _U32.unpack_from(data)[0] & 0xFFFFFF, _U32.unpack_from(data, 4)[0]
    if track not in defaults.descriptions:
        corrupt(f"has a fragment of track {track}, which has no 'trex' box", offset=traf.start, where=traf.path)
    at, base = 8, bases[0] if flags & _FROM_MOOF else bases[1]
    if flags & _BASE_DATA_OFFSET:
        base, at = int.from_bytes(data[8:16], "big"), 16
    description = defaults.descriptions[track]
    if flags & _SAMPLE_DESCRIPTION:
        description, at = int.from_bytes(data[at : at + 4], "big"), at + 4
    duration, size = defaults.sample_durations.get(track, 0), defaults.sample_sizes.get(track, 0)
    if flags & _DEFAULT_DURATION:
        duration, at = int.from_bytes(data[at : at + 4], "big"), at + 4
    if flags & _DEFAULT_SIZE:
        size = int.from_bytes(data[at : at + 4], "big")
    time: int | None = None
    if (tfdt := first(boxes, "tfdt")) is not None:
        told = yield from payload(cursor, tfdt, at_least=8)
        time = int.from_bytes(told[4:12] if told[0] == 1 else told[4:8], "big")
    ticks, samples, offset, end, total = 0, 0, 0, base, 0
    frames: FrameTimes | None = None
    starts: list[int] = []
    for box in boxes:
        if box.fourcc == "trun":
            run = yield from payload(cursor, box, at_least=8, at_most=20 + 16 * limits.MAX_TABLE_ENTRIES)
            parsed = parse_run(run, duration, size, box)
            if not samples:
                offset = parsed.offset
            ticks, samples, total = ticks + parsed.ticks, samples + parsed.samples, total + parsed.bytes
            frames = joined(frames, parsed.frames)
            begin = end if parsed.data_offset is None or base is None else base + parsed.data_offset
            starts += [begin] if begin is not None and parsed.samples else []
            end = begin + parsed.bytes if begin is not None else None
    return Run(
        track=track,
        time=time,
        ticks=ticks,
        samples=samples,
        offset=offset,
        data_end=end,
        frames=frames,
        bytes=total,
        description=description,
        is_misplaced=bool(starts) and (starts[0] < 0 or bases[0] <= starts[0] < traf.end),
    )


@frozen
class TrackRun:
    """One ``trun``: sums over its samples. ``data_offset`` is ``None`` where it follows the run before."""

    ticks: int
    samples: int
    bytes: int
    offset: int
    data_offset: int | None
    frames: FrameTimes | None


def joined(one: FrameTimes | None, other: FrameTimes | None) -> FrameTimes | None:
    """The times of two runs together."""
    if one is None or other is None:
        return one or other
    return FrameTimes(
        one.frames + other.frames,
        one.ticks + other.ticks,
        min(one.shortest, other.shortest),
        max(one.longest, other.longest),
    )


def parse_run(data: bytes, duration: int, size: int, box: Box) -> TrackRun:
    """One ``trun`` (§8.8.8), with the ``duration`` in ticks and the ``size`` of samples that have none of their own."""
    flags = int.from_bytes(data[1:4], "big")
    declared = int.from_bytes(data[4:8], "big")
    at = 8 + (4 if flags & _DATA_OFFSET else 0) + (4 if flags & _FIRST_FLAGS else 0)
    fields = [bit for bit in _PER_SAMPLE if flags & bit]
    if len(data) < at + 4 * len(fields) * declared:
        corrupt(
            f"has box '{box.path}' at byte {box.start} with {declared} samples that do not fit",
            offset=box.start,
            where=box.path,
        )
    words = Struct(f">{len(fields) * declared}I").unpack_from(data, at) if fields else ()
    columns = {bit: words[index :: len(fields)] for index, bit in enumerate(fields)}
    composition = columns.get(_COMPOSITION, ())
    shift = composition[0] if composition else 0
    lengths = columns.get(_DURATION, (duration,) if declared else ())
    ticks = sum(lengths) if _DURATION in columns else declared * duration
    steady = lengths[:-1] or lengths  # the last one's is arbitrary
    return TrackRun(
        ticks=ticks,
        samples=declared,
        bytes=sum(columns[_SIZE]) if _SIZE in columns else declared * size,
        offset=shift - (1 << 32) if shift >> 31 else shift,
        data_offset=int.from_bytes(data[8:12], "big", signed=True) if flags & _DATA_OFFSET else None,
        frames=FrameTimes(declared, ticks, min(steady), max(steady)) if steady else None,
    )
