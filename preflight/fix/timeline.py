"""When each packet of a track is decoded and shown, and how to cut, shift or repeat a track.

Pure: it does not know FFmpeg.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

from preflight.fix.recipe import Refused

_PREROLL_S = Fraction(1, 10)
"""Seconds of sound before the picture that are kept so that its decoder settles; an edit list hides them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One packet of a track, its times in ticks.

    ``hidden`` ones are decoded for others and never shown; decoding can begin at a ``key`` one.
    """

    packet: Any
    pts: int
    dts: int | None = None
    duration: int = 0
    hidden: bool = False
    key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A track's samples in decoding order; the first that is shown begins at 0, the last ends at ``end`` ticks."""

    samples: tuple[Sample, ...]
    time_base: Fraction
    end: int

    @property
    def seconds(self) -> Fraction:
        return self.end * self.time_base


def first_shown(samples: Sequence[Sample]) -> int:
    """The tick at which the picture begins. Raises ``Refused`` where no frame is shown."""
    shown = [sample.pts for sample in samples if not sample.hidden]
    if not shown:
        raise Refused("none of its frames is shown")
    return min(shown)


def picture_timeline(samples: Sequence[Sample], time_base: Fraction, *, end: int | None = None) -> Timeline:
    """A picture track from tick 0 on. Without ``end`` its last frame lasts as long as it says, or as those before it.

    Decoding times follow from the order of packets and the times at which they are shown, so that the track is exactly
    as long as its frames. Raises ``Refused`` for two frames at one time.
    """
    begin = first_shown(samples)
    moved = [replace(sample, pts=sample.pts - begin) for sample in samples]
    recipe = sorted(sample.pts for sample in moved)
    gaps = [later - earlier for earlier, later in pairwise(recipe)]
    if any(gap <= 0 for gap in gaps):
        raise Refused("two of its frames are shown at the same time")
    if end is None:
        usual = sorted(gaps)[len(gaps) // 2] if gaps else max(ceil(Fraction(1, 25) / time_base), 1)
        last = next(sample for sample in moved if sample.pts == recipe[-1])
        # A container's rounding to its own clock is not longer than two frames.
        end = recipe[-1] + (last.duration if 0 < last.duration <= 2 * usual else usual)
    delay = max(at - sample.pts for at, sample in zip(recipe, moved, strict=True))
    lengths = dict(zip(recipe, [*gaps, end - recipe[-1]], strict=True))
    timed = [
        replace(sample, dts=at - delay, duration=lengths[sample.pts]) for sample, at in zip(moved, recipe, strict=True)
    ]
    # A muxer ends the track at the last packet's decoding time and duration, and the picture at the last frame's.
    timed[-1] = replace(timed[-1], duration=end - recipe[-1])
    return Timeline(
        samples=tuple(timed),
        time_base=time_base,
        end=end,
    )


def ending_by(timeline: Timeline, seconds: Fraction) -> Timeline:
    """The part of a picture track that ends by ``seconds``; the whole track where it does.

    The cut is where all frames decoded so far are shown before all later ones: no remaining frame refers to a dropped
    one, and no frame in between is missing. Raises ``Refused`` where there is no such place.
    """
    if timeline.seconds <= seconds and not any(sample.hidden and sample.pts > 0 for sample in timeline.samples):
        return timeline
    fitting = [(count, end) for count, end in _clean_ends(timeline) if end * timeline.time_base <= seconds]
    if not fitting:
        raise Refused(f"it cannot be cut by {float(seconds):g} s without encoding it again")
    return _first(timeline, *fitting[-1])


def repeated(timeline: Timeline, seconds: Fraction) -> Timeline:
    """A picture track repeated until the first place after ``seconds`` at which it can be cut."""
    if any(sample.hidden for sample in timeline.samples):
        raise Refused("an edit hides its first frames, so it cannot be repeated without encoding it again")
    passes = ceil(seconds / timeline.seconds)
    samples = [
        replace(sample, pts=sample.pts + turn * timeline.end) for turn in range(passes) for sample in timeline.samples
    ]
    whole = picture_timeline(samples, timeline.time_base, end=passes * timeline.end)
    long_enough = [(count, end) for count, end in _clean_ends(whole) if end * whole.time_base >= seconds]
    return _first(whole, *long_enough[0])


def sound_timeline(samples: Iterable[Sample], time_base: Fraction, begin: Fraction) -> Timeline:
    """A sound track, moved so that ``begin`` seconds of its clock are 0. Its packets are decoded in playback order."""
    moved: list[Sample] = []
    for sample in samples:
        pts = sample.pts - round(begin / time_base)
        if (pts + sample.duration) * time_base > -_PREROLL_S and (not moved or pts > moved[-1].pts):
            moved.append(replace(sample, pts=pts, dts=pts))
    return Timeline(samples=tuple(moved), time_base=time_base, end=moved[-1].pts + moved[-1].duration if moved else 0)


def sound_until(timeline: Timeline, seconds: Fraction) -> Timeline:
    """The packets of a sound track that end by ``seconds``."""
    kept = tuple(
        sample for sample in timeline.samples if (sample.pts + sample.duration) * timeline.time_base <= seconds
    )
    return replace(timeline, samples=kept, end=kept[-1].pts + kept[-1].duration if kept else 0)


def sound_repeated(timeline: Timeline, length: Fraction, seconds: Fraction) -> Timeline:
    """A sound track repeated every ``length`` seconds, until ``seconds``."""
    once = sound_until(timeline, length).samples
    samples = [
        replace(sample, pts=sample.pts + round(turn * length / timeline.time_base))
        for turn in range(ceil(seconds / length))
        for sample in once
        if not turn or sample.pts >= 0
    ]
    return sound_until(sound_timeline(samples, timeline.time_base, Fraction(0)), seconds)


def _clean_ends(timeline: Timeline) -> list[tuple[int, int]]:
    """(number of packets, end in ticks) of every start of the track that is complete in itself."""
    later = timeline.end
    ends: list[tuple[int, int]] = []
    earliest_after: list[int] = []
    for sample in reversed(timeline.samples):
        earliest_after.append(later)
        later = min(later, sample.pts)
    latest = None
    for count, (sample, after) in enumerate(zip(timeline.samples, reversed(earliest_after), strict=True), start=1):
        if sample.hidden and sample.pts > 0:
            break  # hidden at the end: what follows is not shown
        latest = sample.pts if latest is None else max(latest, sample.pts)
        if 0 <= latest < after:
            ends.append((count, after))
    return ends


def _first(timeline: Timeline, count: int, end: int) -> Timeline:
    return picture_timeline(timeline.samples[:count], timeline.time_base, end=end)
