"""How long a fragmented movie is (ISO/IEC 14496-12 §8.8, §8.16): as long as its samples, never as its first fragment.

The decode time of the last fragment (``tfdt``) and its runs tell. ``sidx`` and ``mfra`` only lead there: where they
lead to no fragment, every one is visited. What they and the headers say of the length is kept beside it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from fractions import Fraction

from preflight.model import Span, Track
from preflight.model.video import FrameTimes
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import HEADER_BYTES, Box, is_padding, looks_like_box, parse_header, payload
from preflight.probes.isobmff.runs import Defaults, Run, joined, read_moof
from preflight.probes.isobmff.segment_index import SEGMENT_STARTS, SegmentIndex, box_at, last_indexed, parse_sidx
from preflight.probes.isobmff.top_level import TOP_LEVEL

Ticks = dict[int, int]
"""Per track id, in the track's timescale."""


class Fragments:
    """The facts in the boxes after the movie box, filled as they are found.

    By track id: ``starts`` is the ticks of the samples that the movie box itself lists, ``firsts`` the decode time of
    the first sample, ``offsets`` its composition offset, ``ends`` the decode time at which the last sample ends;
    ``indexed`` the seconds that segment indexes list. ``missing_bytes`` is how far ``cut_box`` reaches past the end of
    the file, ``lost_bytes`` how far an index does that fits the rest; ``data_end`` is where the samples of the last
    fragment end. ``stopped_at`` is the byte at which the walk met no box before the end of the file; ``may_go_on`` says
    whether fragments may follow there. ``frames`` is how long each frame lasts in the visited fragments, ``bytes`` how
    many those have, and ``descriptions`` the numbers of their sample entries; ``misplaced`` says whether all begin
    among boxes.
    """

    def __init__(self, starts: Ticks | None = None) -> None:
        self.starts: Ticks = starts or {}
        self.firsts: Ticks = dict.fromkeys(self.starts, 0)
        self.offsets: Ticks = {}
        self.ends: Ticks = dict(self.starts)
        self.indexed: dict[int, Fraction] = {}
        self.missing_bytes = 0
        self.cut_box: str | None = None
        self.lost_bytes = 0
        self.data_end: int | None = None
        self.seen = False
        self.ends_in_header = False
        self.stopped_at: int | None = None
        self.may_go_on = False
        self.frames: dict[int, FrameTimes] = {}
        self.bytes: dict[int, int] = {}
        self.descriptions: dict[int, set[int]] = {}
        self.misplaced: dict[int, bool] = {}

    @property
    def are_absent(self) -> bool:
        """Whether the movie box has samples, and no fragment follows it."""
        return bool(self.starts) and not self.seen and not self.indexed

    def seconds(self, tracks: Iterable[Track]) -> dict[int, Fraction]:
        """Where each track ends that has samples, by its id."""
        return {key: length for key, length in self._seconds(self.ends, tracks).items() if length}

    def first_seconds(self, tracks: Iterable[Track]) -> dict[int, Fraction]:
        """The decode time of each track's first sample."""
        return self._seconds(self.firsts, tracks)

    def start_seconds(self, tracks: Iterable[Track]) -> dict[int, Fraction]:
        """When each track's first sample is shown. Of edit lists, readers of fragments take the shift and no more."""
        begins = {key: time + self.offsets.get(key, 0) for key, time in self.firsts.items()}
        shifts = {
            track.id: track.times.start - track.times.skipped for track in tracks if track.times.edited is not None
        }
        return {key: time + shifts.get(key, 0) for key, time in self._seconds(begins, tracks).items()}

    def listed(self, tracks: Iterable[Track]) -> dict[int, Fraction]:
        """The length of each track by its segment indexes."""
        before = self._seconds(self.starts, tracks)
        return {key: before.get(key, Fraction(0)) + seconds for key, seconds in self.indexed.items()}

    @staticmethod
    def _seconds(ticks: Ticks, tracks: Iterable[Track]) -> dict[int, Fraction]:
        return {track.id: Fraction(ticks[track.id], track.timescale) for track in tracks if track.id in ticks}

    def add(self, runs: list[Run]) -> None:
        """Add the samples of one fragment."""
        self.seen = True
        for run in runs:
            time = run.time if run.time is not None else self.ends.get(run.track, 0)
            self.firsts.setdefault(run.track, time)
            self.offsets.setdefault(run.track, run.offset)
            self.bytes[run.track] = self.bytes.get(run.track, 0) + run.bytes
            if run.samples:
                self.misplaced[run.track] = run.is_misplaced or self.misplaced.get(run.track, False)
                self.descriptions.setdefault(run.track, set()).add(run.description)
            self.ends[run.track] = max(time + run.ticks, self.ends.get(run.track, 0))
            if (frames := joined(self.frames.get(run.track), run.frames)) is not None:
                self.frames[run.track] = frames
        known = [run.data_end for run in runs if run.data_end is not None]
        self.data_end = max(*known, self.data_end or 0) if len(known) == len(runs) and runs else None


def read_fragments(
    cursor: Cursor, tracks: tuple[Track, ...], defaults: Defaults, start: int
) -> Generator[Span, bytes, Fragments]:
    """Everything after the movie box, which ends at ``start``, that says how long the tracks are.

    The first fragment leads to the last by the index before it, else by ``mfra``; without either, every fragment is
    visited. Raises ``MediaError`` when the file has more of them than reads are allowed.
    """
    fragments = Fragments({track.id: track.ticks for track in tracks if track.ticks})
    walk = _Walk(cursor, fragments, defaults)
    offset = start
    while (box := (yield from _next_box(cursor, offset, fragments))) is not None:
        following = yield from walk.visit(box)
        if cursor.size is not None and box.end > cursor.size:
            fragments.missing_bytes, fragments.cut_box = box.end - cursor.size, box.fourcc
        fragments.ends_in_header = box.fourcc == "moof" and following == box.end and _is_at_end(cursor, following)
        if box.open_ended:
            break
        offset = following
    walk.finish(offset)
    return fragments


class _Walk:
    """One walk over the boxes after the movie box, with what indexes have said so far."""

    def __init__(self, cursor: Cursor, fragments: Fragments, defaults: Defaults) -> None:
        self._cursor = cursor
        self._fragments = fragments
        self._defaults = defaults
        self._indexes: list[SegmentIndex] = []
        self._begins: set[int] = set()
        self._before: list[int] = []
        self._shifts: set[int] = {0}
        self._asked_mfra = False

    def visit(self, box: Box) -> Generator[Span, bytes, int]:
        """Take in ``box``; the byte at which to go on."""
        if box.fourcc in SEGMENT_STARTS:
            self._begins.add(box.start)
            self._before.append(box.start)
        if box.fourcc == "sidx":
            data = yield from payload(self._cursor, box, at_least=24, at_most=40 + 12 * limits.MAX_TABLE_ENTRIES)
            index = parse_sidx(data, box)
            if index is not None:
                self._add_index(index, box)
        if box.fourcc != "moof":
            return box.end
        runs = yield from read_moof(self._cursor, box, self._defaults)
        self._fragments.add(runs)
        following = box.end
        if all(run.time is not None for run in runs):  # otherwise none can be left out
            following = yield from self._last_fragment(box)
        self._before.clear()
        return following

    def _add_index(self, index: SegmentIndex, box: Box) -> None:
        """An index of indexes lists the whole length, and so do those below it together."""
        self._before.clear()
        below = any(it.reference == index.reference and it.begin <= box.start < it.end for it in self._indexes)
        if not below:
            total = self._fragments.indexed.get(index.reference, Fraction(0)) + index.seconds
            self._fragments.indexed[index.reference] = total
        self._indexes.append(index)

    def _last_fragment(self, moof: Box) -> Generator[Span, bytes, int]:
        """Where to go on after ``moof``: as far on as an index leads to a fragment.

        The bytes between an index and its first fragment (``emsg``, ``prft``, ``free``) may be counted in or not.
        """
        index = self._indexes[-1] if self._indexes else None
        if index is not None and index.last > moof.end:
            shifts = dict.fromkeys((0, *(begin - index.begin for begin in self._before if begin > index.begin)))
            self._shifts.update(shifts)
            for shift in shifts if self._fits(index) else ():
                box = yield from box_at(self._cursor, index.last + shift, SEGMENT_STARTS)
                if box is not None:
                    return box.start
        if self._asked_mfra:
            return moof.end
        self._asked_mfra = True
        last = yield from last_indexed(self._cursor)
        if last is None or last <= moof.end:
            return moof.end
        if any(it.end < last for it in self._indexes):
            self._fragments.indexed.clear()  # other indexes are ignored
        return last

    def _fits(self, index: SegmentIndex) -> bool:
        return self._cursor.size is None or index.end <= self._cursor.size

    def finish(self, end: int) -> None:
        """Tell a file that was cut from an index that was left behind: the one of a cut file fits what is left."""
        ends = [index.end + shift for index in self._indexes for shift in self._shifts]
        if ends and self._begins and max(ends) <= max(self._begins):
            self._fragments.indexed.clear()  # they list the beginning only, and say nothing of the whole
        self._begins.add(end)
        size = self._cursor.size
        for index in self._indexes:
            is_nothing_left = size is not None and index.begin >= size and not self._fragments.seen
            fits_what_is_left = any(index.second + shift in self._begins for shift in self._shifts)
            if size is not None and index.end > size and (fits_what_is_left or is_nothing_left):
                self._fragments.lost_bytes = max(self._fragments.lost_bytes, index.end - size)


def _next_box(cursor: Cursor, offset: int, fragments: Fragments) -> Generator[Span, bytes, Box | None]:
    """The box at ``offset``; ``None`` at the end of the file, and at bytes that are not a box."""
    if _is_at_end(cursor, offset):
        return None
    header = yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES)
    if is_padding(header):
        return None
    if looks_like_box(header):
        box = parse_header(header, offset, cursor.size)
        if cursor.size is None or box.end <= cursor.size or box.fourcc in TOP_LEVEL:
            return box
    fragments.stopped_at = offset
    rest = yield from cursor.read(offset, limits.JUMP_SPAN_BYTES)
    fragments.may_go_on = b"moof" in rest or cursor.size is None or len(rest) < cursor.size - offset
    return None


def _is_at_end(cursor: Cursor, offset: int) -> bool:
    """Whether no box has room after ``offset``."""
    return cursor.size is not None and cursor.size - offset < 8
