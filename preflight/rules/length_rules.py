"""Rules about how long the reference video is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from preflight.pricing import show_clocks, show_seconds
from preflight.rules import shell_commands as repair
from preflight.rules.rule import Flaw, VideoCase

if TYPE_CHECKING:
    from preflight.model import Durations, VideoFacts

ISO_MEDIA = frozenset({"MP4", "MOV"})
SAME_LENGTH = Fraction(2, 1000)
"""MediaInfo counts in milliseconds: lengths within two of them agree."""

_LEAST_SHOWN = Fraction(1)
"""Seconds of picture below which an edit list shows nothing that a viewer could follow."""
_A_FRAME = Fraction(1, 10)
"""Seconds beyond the longest clock: a repeated clip shows a frame again by then, which fills the gap before it."""


def video_too_short(case: VideoCase) -> Iterator[Flaw]:
    clocks, limit = case.facts.durations.plausible, case.spec.video.min_seconds.value
    hidden = hidden_by_edits(case.facts)
    if hidden is not None:
        shown, whole = case.facts.durations.video or Fraction(0), show_seconds(hidden)
        yield Flaw(
            message=f"the edit list shows {show_seconds(shown)} of the {whole} of video: players show nothing, "
            f"whatever length the file states; at least {show_seconds(limit)} are needed",
            measured=show_seconds(shown),
            allowed=allowed_range(case),
            fix=repair.without_edit_list(case.name, ".mov" if case.facts.container == "MOV" else ".mp4"),
        )
    elif clocks and max(clocks) < limit:
        yield Flaw(
            message=f"the clip lasts {show_seconds(max(clocks))}; at least {show_seconds(limit)} are needed",
            measured=show_seconds(max(clocks)),
            allowed=allowed_range(case),
            fix=repair.loop(case.name, limit),
        )


def hidden_by_edits(facts: VideoFacts) -> Fraction | None:
    """Seconds of video of which the edit list shows no more than a moment; ``None`` where it shows more.

    ISO/IEC 14496-12 §8.6.6: a player shows only the media that an edit names. An edit list of empty edits, of no
    length, or of times beyond the media shows nothing, and FFmpeg decodes no frame; sound of full length does not
    change that. Readers of fragmented files do not apply edit lists.
    """
    shown = facts.durations.video
    if shown is None or shown >= _LEAST_SHOWN:
        return None
    video = next((track for track in facts.tracks if track.is_picture and track.duration == shown), None)
    if video is None or video.times.edited is None:
        return None
    whole = video.times.samples or video.times.media
    if whole is None or shown >= whole - SAME_LENGTH:
        return None
    return whole


def video_too_long(case: VideoCase) -> Iterator[Flaw]:
    clocks, limit = case.facts.durations.plausible, case.spec.video.max_seconds.value
    if clocks and min(clocks) > limit:
        yield Flaw(
            message=f"the clip lasts {show_seconds(min(clocks))}; at most {show_seconds(limit)} are allowed",
            measured=show_seconds(min(clocks)),
            allowed=allowed_range(case),
            fix=repair.trim(case.name, limit),
        )


def video_over_orientation_cap(case: VideoCase) -> Iterator[Flaw]:
    clocks, cap = case.facts.durations.plausible, case.spec.price.cap(case.orientation)
    field = case.spec.find("orientation")
    if field and clocks and cap and cap < case.spec.video.max_seconds.value and max(clocks) > cap:
        yield Flaw(
            message=f"{field.name.rpartition('.')[2]} '{case.orientation}' ends the output at {show_seconds(cap)}; "
            f"the clip lasts {show_seconds(max(clocks))}, and other services refuse it or charge for its full length",
            measured=show_seconds(max(clocks)),
            allowed=f"at most {show_seconds(cap)} with this orientation",
            fix=repair.trim(case.name, cap),
        )


def video_duration_ambiguous(case: VideoCase) -> Iterator[Flaw]:
    facts, durations = case.facts, case.facts.durations
    if facts.container not in ISO_MEDIA or not any(track.is_picture for track in facts.tracks):
        return
    if hidden_by_edits(case.facts) is not None:
        return
    clocks = durations.plausible
    if not clocks:
        if not facts.defects:
            yield Flaw(
                message="the file does not say how long it is",
                allowed=allowed_range(case),
                fix=written_again(case),
                indeterminate=True,
            )
        return
    low, high = case.spec.video.min_seconds.value, case.spec.video.max_seconds.value
    shortest, longest = min(clocks), max(clocks)
    if shortest <= high < longest or shortest < low <= longest:
        yield Flaw(
            message=f"the file's clocks disagree on whether it fits {allowed_range(case)}: {shown_clocks(durations)}",
            measured=shown_clocks(durations),
            allowed=allowed_range(case),
            fix=_refit(case, longest),
            indeterminate=True,
        )


def _refit(case: VideoCase, longest: Fraction) -> str:
    """A command that settles the length: it writes only the headers again where only they are wrong."""
    durations, high = case.facts.durations, case.spec.video.max_seconds.value
    if any(clock.name == "headers" for clock in durations.clocks):
        return written_again(case)
    return repair.trim(case.name, high) if longest > high else repair.loop(case.name, longest + _A_FRAME)


def written_again(case: VideoCase) -> str:
    """A command that keeps picture and sound. A MOV stays a MOV: it can hold sound that an MP4 cannot."""
    return repair.remux(case.name, ".mov" if case.facts.container == "MOV" else ".mp4")


def allowed_range(case: VideoCase) -> str:
    video = case.spec.video
    if not video.max_seconds.is_stated:
        return f"{show_seconds(video.min_seconds.value)} or more"
    if not video.min_seconds.is_stated:
        return f"at most {show_seconds(video.max_seconds.value)}"
    return f"{show_seconds(video.min_seconds.value).removesuffix(' s')}–{show_seconds(video.max_seconds.value)}"


def shown_clocks(durations: Durations) -> str:
    return show_clocks(durations.clocks)
