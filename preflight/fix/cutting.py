"""Where a part of a clip can begin without encoding it again, and what is left of its track. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from preflight.fix.recipe import Refused, VideoRecipe
from preflight.fix.timeline import Timeline, ending_by, picture_timeline
from preflight.pricing import show_seconds

NEAR_ENOUGH = Fraction(1, 2)
"""Seconds by which a part may begin earlier or later, or end earlier, than asked for, before it is encoded again."""


_SEEN = Fraction(1, 1000)


class Part(NamedTuple):
    """A part of a picture track, and at which second of the whole track it begins."""

    track: Timeline
    begin: Fraction


def at_key_frame(shown: Timeline, recipe: VideoRecipe) -> Part | str:
    """The part that begins at the key frame nearest to ``recipe.start``; the reason where none is near enough."""
    start = recipe.start or Fraction(0)
    keys = [sample.pts for sample in shown.samples if sample.key and not sample.hidden and sample.pts >= 0]
    if not keys:
        return "it has no key frame there"
    nearest = min(keys, key=lambda pts: (abs(pts * shown.time_base - start), pts))
    begin = nearest * shown.time_base
    if abs(begin - start) > NEAR_ENOUGH:
        return f"the nearest key frame is {_apart(begin - start)} off"
    wanted = min(recipe.max_seconds, shown.seconds - begin)
    try:
        track = ending_by(_from(shown, nearest), wanted)
    except Refused:
        return "it has no point near its end at which it can be cut"
    if track.seconds < recipe.least_seconds:
        return f"it would last only {show_seconds(track.seconds)}"
    if wanted - track.seconds > NEAR_ENOUGH:
        return f"it could only end {_apart(wanted - track.seconds)} early"
    return Part(track, begin)


def _from(shown: Timeline, pts: int) -> Timeline:
    """The track from a key frame on. Frames that are shown before it and decoded after it refer to earlier ones."""
    at = next(index for index, sample in enumerate(shown.samples) if sample.pts == pts)
    left = [sample for sample in shown.samples[at:] if sample.pts >= pts]
    return picture_timeline(left, shown.time_base, end=shown.end - pts)


def described(asked: Fraction, begin: Fraction, length: Fraction, skipped: Fraction) -> str:
    """``cut from 4 s to 14 s; it begins 0.2 s earlier than asked for``. ``skipped`` seconds come before the others."""
    text = f"cut from {show_seconds(skipped + begin)} to {show_seconds(skipped + begin + length)}"
    if abs(begin - asked) >= _SEEN:
        way = "earlier" if begin < asked else "later"
        text += f"; it begins {_apart(begin - asked)} {way} than asked for, at a key frame"
    return text


def _apart(seconds: Fraction) -> str:
    return f"{float(abs(seconds)):.3g} s"
