"""Edit lists: which part of a track's media is shown, and when (ISO/IEC 14496-12 §8.6.5, §8.6.6).

An edit says for how long, in the movie's clock, the media is shown from a media time on. The media time −1 is an empty
edit: nothing is shown. The media rate 0 is a dwell: one picture is shown for the whole edit. Other rates are legal in
QuickTime; FFmpeg and MediaInfo read them as 1, and so does this reader.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from fractions import Fraction
from struct import Struct

from preflight.model import Span
from preflight.model.named_tuple import NamedTuple
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, corrupt, first, payload

_EMPTY = -1


class Edit(NamedTuple):
    """One entry of ``elst``. ``ticks`` count in the movie's timescale, ``media_time`` in the track's.

    ``rate`` is 16.16 fixed point. A negative media time other than −1 is not allowed; FFmpeg takes it for a media time.
    """

    ticks: int
    media_time: int
    rate: int = 1 << 16

    @property
    def is_empty(self) -> bool:
        return self.media_time == _EMPTY

    @property
    def is_dwell(self) -> bool:
        return self.rate == 0 and not self.is_empty


class Media(NamedTuple):
    """The media of a track: ``ticks`` of ``timescale`` a second, ``None`` where the file does not say.

    ``begin`` is the composition time of its first sample in ticks: edits count in composition time. ``None``: unknown.
    """

    ticks: int | None
    timescale: int
    begin: int | None = None


def read_edits(cursor: Cursor, edts: Box | None) -> Generator[Span, bytes, tuple[Edit, ...]]:
    """The entries of ``elst`` in version 0 or 1. Raises ``MediaError`` for a count without its entries."""
    if edts is None:
        return ()
    elst = first((yield from children(cursor, edts)), "elst")
    if elst is None:
        return ()
    data = yield from payload(cursor, elst, at_least=8, at_most=8 + 20 * limits.MAX_TABLE_ENTRIES)
    entry = Struct(">Qqi") if data[0] == 1 else Struct(">Iii")
    declared = int.from_bytes(data[4:8], "big")
    there = (len(data) - 8) // entry.size
    if declared > there:
        corrupt(
            f"has box '{elst.path}' at byte {elst.start} with {declared} entries and room for {there}",
            offset=elst.start,
            where=elst.path,
        )
    return tuple(map(Edit._make, entry.iter_unpack(data[8 : 8 + declared * entry.size])))


def shown(edits: Sequence[Edit], media: Media, movie_timescale: int) -> Fraction | None:
    """Seconds of media that are shown; ``None`` where neither the media nor an edit list tells.

    Media that an edit asks for beyond either end does not exist, and is not shown.
    """
    if media.ticks is None:
        asked = Fraction(sum(edit.ticks for edit in edits if not edit.is_empty), movie_timescale)
        return asked or None
    whole = Fraction(media.ticks, media.timescale)
    if not edits:
        return whole
    kept = [edit for edit in edits if not edit.is_empty]
    begin = _beginning(kept, media, movie_timescale)
    parts = [_part(edit, begin, begin + media.ticks, media.timescale, movie_timescale) for edit in kept]
    return Fraction(sum(parts), media.timescale * movie_timescale)


def _beginning(kept: Sequence[Edit], media: Media, movie_timescale: int) -> int:
    """Where the media begins. When it is unknown, an edit that asks for all of the media begins where that does."""
    if media.begin is not None:
        return media.begin
    asks_for_all = any(_agree(edit.ticks, movie_timescale, media.ticks or 0, media.timescale) for edit in kept)
    return max(kept[0].media_time, 0) if asks_for_all else 0


def _part(edit: Edit, begin: int, end: int, timescale: int, movie_timescale: int) -> int:
    """How long one edit shows media that lies at ``[begin, end)``, in a unit of which both clocks are multiples:
    ``timescale * movie_timescale`` of them are a second.

    Edits count in the movie's coarser clock. One that ends within one of its ticks of the media ends with the media.
    """
    length = edit.ticks * timescale
    if edit.is_dwell:
        return length if edit.media_time < end else 0
    start = max(edit.media_time, begin) * movie_timescale
    stop, last = edit.media_time * movie_timescale + length, end * movie_timescale
    if stop >= last - timescale:
        stop = last
    return max(stop - start, 0)


def _agree(movie_ticks: int, movie_timescale: int, ticks: int, timescale: int) -> bool:
    """Whether two lengths are the same to within one tick of the movie, in whole numbers."""
    return abs(movie_ticks * timescale - ticks * movie_timescale) <= timescale


def empty_at_start(edits: Sequence[Edit], movie_timescale: int) -> Fraction:
    """Seconds of empty edits before the first that shows something."""
    ticks = 0
    for edit in edits:
        if not edit.is_empty:
            break
        ticks += edit.ticks
    return Fraction(ticks, movie_timescale)
