"""How long a fragmented movie is (ISO/IEC 14496-12 §8.8, §8.16): never from its first fragment.

The sources, best first: ``mehd`` in the movie box, the segment index ``sidx``, the random access index ``mfra`` that
leads to the last fragment, and a bounded walk over every ``moof``.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from fractions import Fraction
from struct import Struct

from preflight.model import Span, Track
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import (
    HEADER_BYTES,
    Box,
    children,
    corrupt,
    first,
    looks_like_box,
    parse_header,
    payload,
)

_U32 = Struct(">I")

# tfhd flags (§8.8.7) and trun flags (§8.8.8)
_BASE_DATA_OFFSET, _SAMPLE_DESCRIPTION, _DEFAULT_DURATION = 0x1, 0x2, 0x8
_DATA_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_PER_SAMPLE = (0x100, 0x200, 0x400, 0x800)  # duration, size, flags, composition offset

Ends = dict[int, int]
"""Per track id: the decode time, in ticks, at which its last known sample ends."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the movie box says about its fragments: ``mehd`` in ticks, ``trex`` sample durations by track id."""

    movie_ticks: int | None = None
    sample_durations: dict[int, int] = field(default_factory=dict)


def read_mvex(cursor: Cursor, mvex: Box) -> Generator[Span, bytes, Defaults]:
    """``mvex`` (§8.8.1)."""
    ticks: int | None = None
    durations: dict[int, int] = {}
    for box in (yield from children(cursor, mvex)):
        if box.fourcc == "mehd":
            data = yield from payload(cursor, box, at_least=8)
            length = 8 if data[0] == 1 else 4
            value = int.from_bytes(data[4 : 4 + length], "big")
            ticks = None if value in (0, (1 << (8 * length)) - 1) else value
        elif box.fourcc == "trex":
            data = yield from payload(cursor, box, at_least=24)
            durations[_U32.unpack_from(data, 4)[0]] = _U32.unpack_from(data, 12)[0]
    return Defaults(ticks, durations)


@dataclass(slots=True)
class Fragments:
    """What the boxes after the movie box tell, filled as they are found.

    By track id: ``starts`` is the ticks of the samples that the movie box itself lists, ``indexed`` the seconds that
    segment indexes list, ``ends`` the decode time in ticks at which the last fragment read ends. ``missing_bytes`` is
    how far boxes or indexes reach past the end of the file. ``ends_in_header``: no box follows the last ``moof``.
    """

    starts: Ends = field(default_factory=dict)
    indexed: dict[int, Fraction] = field(default_factory=dict)
    ends: Ends = field(default_factory=dict)
    missing_bytes: int = 0
    seen: bool = False
    ends_in_header: bool = False

    @property
    def are_absent(self) -> bool:
        """Whether the movie box has samples, and no fragment follows it."""
        return bool(self.starts) and not self.seen and not self.indexed

    def seconds(self, tracks: tuple[Track, ...]) -> dict[int, Fraction]:
        """The length of each track that anything tells about, by its id."""
        found = {}
        for track in tracks:
            start = Fraction(self.starts.get(track.id, 0), track.timescale)
            told = max(Fraction(self.ends.get(track.id, 0), track.timescale), start + self.indexed.get(track.id, 0))
            if told:
                found[track.id] = told
        return found


def read_fragments(
    cursor: Cursor, tracks: tuple[Track, ...], defaults: Defaults, start: int
) -> Generator[Span, bytes, Fragments]:
    """Everything after the movie box, which ends at ``start``, that says how long the tracks are.

    What an index covers is jumped over; the first fragment that none covers leads to ``mfra``, and without one every
    further fragment is visited. Raises ``MediaError`` when the file has more of them than reads are allowed.
    """
    starts = {track.id: track.ticks for track in tracks if track.ticks}
    fragments = Fragments(starts=starts, ends=dict(starts))
    offset, covered = start, start
    group: set[int] = set()
    asked_mfra = False
    while (box := (yield from _box_at(cursor, offset))) is not None:
        following = box.end
        if box.fourcc == "sidx":
            data = yield from payload(cursor, box, at_least=24, at_most=40 + 12 * limits.MAX_TABLE_ENTRIES)
            index = parse_sidx(data, box)
            if index.reference not in group:  # an index of indexes lists the whole length, and so do those below it
                group.add(index.reference)
                total = fragments.indexed.get(index.reference, Fraction(0)) + index.seconds
                fragments.indexed[index.reference] = total
                covered = max(covered, index.end)
        elif box.fourcc == "moof" and offset < covered:
            fragments.seen = True
            following = covered
            group.clear()
        elif box.fourcc == "moof":
            fragments.seen = True
            # Only where fragments say when they begin can the ones in between be left out.
            skips = not asked_mfra and (yield from _tells_its_time(cursor, box))
            last = (yield from _last_fragment(cursor)) if skips else None
            asked_mfra = True
            if last is not None and last > offset:
                following = last
            else:
                yield from _add_moof(cursor, box, defaults, fragments.ends)
        _note_end(cursor, following, fragments)
        fragments.ends_in_header = box.fourcc == "moof" and following == box.end and _is_at_end(cursor, following)
        if box.open_ended:
            break
        offset = following
    return fragments


def _is_at_end(cursor: Cursor, offset: int) -> bool:
    """Whether no box has room after ``offset``."""
    return cursor.size is not None and cursor.size - offset < 8


def _note_end(cursor: Cursor, end: int, fragments: Fragments) -> None:
    if cursor.size is not None:
        fragments.missing_bytes = max(fragments.missing_bytes, end - cursor.size)


@dataclass(frozen=True, slots=True)
class SegmentIndex:
    """One ``sidx``: the length of what it lists, and the byte where that ends."""

    reference: int
    seconds: Fraction
    end: int


def parse_sidx(data: bytes, box: Box) -> SegmentIndex:
    """``sidx`` (§8.16.3). Sizes in it count from the end of the box itself."""
    reference, timescale = _U32.unpack_from(data, 4)[0], _U32.unpack_from(data, 8)[0]
    entries = 32 if data[0] else 24
    declared = int.from_bytes(data[entries - 2 : entries], "big") if len(data) >= entries else 0
    if not timescale or len(data) < entries + 12 * declared:
        corrupt(
            f"has box '{box.path}' at byte {box.start} with {declared} entries that do not fit, or timescale 0",
            offset=box.start,
            where=box.path,
        )
    first_offset = int.from_bytes(data[20:28] if data[0] else data[16:20], "big")
    rows = [Struct(">II4x").unpack_from(data, entries + 12 * index) for index in range(declared)]
    return SegmentIndex(
        reference=reference,
        seconds=Fraction(sum(ticks for _, ticks in rows), timescale),
        end=box.end + first_offset + sum(size & 0x7FFFFFFF for size, _ in rows),
    )


def _last_fragment(cursor: Cursor) -> Generator[Span, bytes, int | None]:
    """Where the last fragment begins that ``mfra`` (§8.8.9), at the end of the file, lists for every track."""
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
    moof = yield from _box_at(cursor, min(offsets))
    if moof is None or moof.fourcc != "moof":
        message = f"has an index 'mfra' that points to byte {min(offsets)}, where no 'moof' is"
        corrupt(message, offset=min(offsets), where="mfra")
    return moof.start


def parse_tfra(data: bytes, box: Box) -> int | None:
    """The file offset of the last ``moof`` that one ``tfra`` (§8.8.10) lists; ``None`` for an empty one."""
    sizes, declared = Struct(">II").unpack_from(data, 8)
    wide = 8 if data[0] == 1 else 4
    entry = 2 * wide + sum(((sizes >> shift) & 3) + 1 for shift in (4, 2, 0))
    if declared > limits.MAX_TABLE_ENTRIES or len(data) < 16 + entry * declared:
        corrupt(
            f"has box '{box.path}' at byte {box.start} with {declared} entries that do not fit",
            offset=box.start,
            where=box.path,
        )
    if not declared:
        return None
    last = 16 + entry * (declared - 1) + wide
    return int.from_bytes(data[last : last + wide], "big")


def _tells_its_time(cursor: Cursor, moof: Box) -> Generator[Span, bytes, bool]:
    """Whether every track fragment of ``moof`` has its base decode time, ``tfdt`` (§8.8.12)."""
    for traf in (yield from children(cursor, moof)):
        if traf.fourcc == "traf" and first((yield from children(cursor, traf)), "tfdt") is None:
            return False
    return True


def _add_moof(cursor: Cursor, moof: Box, defaults: Defaults, ends: Ends) -> Generator[Span, bytes, None]:
    for traf in (yield from children(cursor, moof)):
        if traf.fourcc == "traf":
            yield from _add_traf(cursor, traf, defaults, ends)


def _box_at(cursor: Cursor, offset: int) -> Generator[Span, bytes, Box | None]:
    """The box whose header is at ``offset``; ``None`` at the end of the file and at what is no box."""
    if cursor.size is not None and offset + 8 > cursor.size:
        return None
    header = yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES)
    return parse_header(header, offset, cursor.size) if looks_like_box(header) else None


def _add_traf(cursor: Cursor, traf: Box, defaults: Defaults, ends: Ends) -> Generator[Span, bytes, None]:
    """Add one ``traf`` (§8.8.6): its base decode time, or the end so far, plus its samples' durations."""
    boxes = yield from children(cursor, traf)
    tfhd = first(boxes, "tfhd")
    if tfhd is None:
        corrupt("has a track fragment without 'tfhd'", offset=traf.start, where=traf.path)
    data = yield from payload(cursor, tfhd, at_least=8)
    flags, track = _U32.unpack_from(data)[0] & 0xFFFFFF, _U32.unpack_from(data, 4)[0]
    default = defaults.sample_durations.get(track, 0)
    if flags & _DEFAULT_DURATION:
        at = 8 + (8 if flags & _BASE_DATA_OFFSET else 0) + (4 if flags & _SAMPLE_DESCRIPTION else 0)
        default = int.from_bytes(data[at : at + 4], "big")
    end = ends.get(track, 0)
    if (tfdt := first(boxes, "tfdt")) is not None:
        time = yield from payload(cursor, tfdt, at_least=8)
        end = int.from_bytes(time[4:12] if time[0] == 1 else time[4:8], "big")
    for box in boxes:
        if box.fourcc == "trun":
            run = yield from payload(cursor, box, at_least=8, at_most=20 + 16 * limits.MAX_TABLE_ENTRIES)
            end += run_ticks(run, default, box)
    ends[track] = max(end, ends.get(track, 0))


def run_ticks(data: bytes, default: int, box: Box) -> int:
    """The summed sample durations of one ``trun`` (§8.8.8), in ticks."""
    flags = int.from_bytes(data[1:4], "big")
    declared = int.from_bytes(data[4:8], "big")
    if not flags & _PER_SAMPLE[0]:
        return declared * default
    at = 8 + (4 if flags & _DATA_OFFSET else 0) + (4 if flags & _FIRST_FLAGS else 0)
    entry = 4 * sum(bool(flags & bit) for bit in _PER_SAMPLE)
    if len(data) < at + entry * declared:
        corrupt(
            f"has box '{box.path}' at byte {box.start} with {declared} samples that do not fit",
            offset=box.start,
            where=box.path,
        )
    return sum(_U32.unpack_from(data, at + entry * index)[0] for index in range(declared))
