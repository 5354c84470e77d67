"""Timelines: cutting and repeating packets without encoding them, by arithmetic alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.fix.recipe import Refused
from preflight.fix.timeline import (
    Sample,
    Timeline,
    ending_by,
    first_shown,
    picture_timeline,
    repeated,
    sound_repeated,
    sound_timeline,
    sound_until,
)

TENTH = Fraction(1, 10)
REORDERED = (0, 4, 2, 1, 3, 8, 6, 5, 7, 9)
"""Ten frames in decoding recipe: two groups with a pyramid of frames that look both ways, and one on its own."""


def samples(times: tuple[int, ...] = REORDERED, **more: object) -> list[Sample]:
    return [Sample(packet=time, pts=time, **more) for time in times]  # type: ignore[arg-type]  # test data


@st.composite
def reordered(draw: st.DrawFn) -> list[Sample]:
    """Frames in groups, each group decoded in any recipe that begins with its last or its only frame."""
    times: list[int] = []
    at = draw(st.integers(-50, 50))
    for size in draw(st.lists(st.integers(1, 6), min_size=1, max_size=8)):
        group = [at + step for step in range(size)]
        times += draw(st.permutations(group))
        at += size
    return samples(tuple(times))


@given(reordered(), st.fractions(0, 8))
def test_what_is_kept_is_a_start_of_the_packets_without_a_gap(frames: list[Sample], limit: Fraction) -> None:
    whole = picture_timeline(frames, TENTH)
    try:
        cut = ending_by(whole, limit)
    except Refused:
        return
    count = len(cut.samples)
    assert [sample.packet for sample in cut.samples] == [sample.packet for sample in whole.samples[:count]]
    assert sorted(sample.pts for sample in cut.samples) == list(range(count))
    assert cut.seconds == min(count * TENTH, whole.seconds)
    assert cut.seconds <= limit or count == len(frames)


@given(reordered(), st.fractions(Fraction(1, 10), 12))
def test_a_clip_is_repeated_until_it_is_long_enough_and_no_longer_than_another_turn(
    frames: list[Sample], wanted: Fraction
) -> None:
    whole = picture_timeline(frames, TENTH)
    long = repeated(whole, wanted)
    assert wanted <= long.seconds < wanted + whole.seconds
    assert sorted(sample.pts for sample in long.samples) == list(range(len(long.samples)))


@given(reordered())
def test_packets_are_decoded_in_their_order_and_never_after_they_are_shown(frames: list[Sample]) -> None:
    laid_out = picture_timeline(frames, TENTH)
    times = [sample.dts for sample in laid_out.samples if sample.dts is not None]
    assert len(times) == len(frames)
    assert all(earlier < later for earlier, later in pairwise(times))
    assert all(at <= sample.pts for at, sample in zip(times, laid_out.samples, strict=True))
    assert times[-1] + laid_out.samples[-1].duration - times[0] == laid_out.end


def test_a_cut_never_separates_a_frame_from_one_that_it_is_made_from() -> None:
    whole = picture_timeline(samples(), TENTH)
    ends = {float(limit): ending_by(whole, limit).seconds for limit in (Fraction(1), Fraction(9, 10), Fraction(8, 10))}
    assert ends == {1.0: Fraction(1), 0.9: Fraction(9, 10), 0.8: Fraction(1, 2)}


def test_the_last_frame_lasts_as_long_as_it_says_unless_that_is_absurd() -> None:
    frames = samples((0, 1, 2))
    assert picture_timeline([*frames[:2], Sample(packet=2, pts=2, duration=2)], TENTH).end == 4
    assert picture_timeline([*frames[:2], Sample(packet=2, pts=2, duration=99)], TENTH).end == 3


def test_frames_that_an_edit_hides_at_the_start_stay_and_are_not_counted() -> None:
    hidden = [Sample(packet="a", pts=-2, hidden=True), Sample(packet="b", pts=-1, hidden=True)]
    whole = picture_timeline([*hidden, *samples((0, 1, 2))], TENTH)
    assert (whole.end, [sample.pts for sample in whole.samples]) == (3, [-2, -1, 0, 1, 2])
    with pytest.raises(Refused, match="cannot be repeated"):
        repeated(whole, Fraction(1))


def test_frames_that_an_edit_hides_at_the_end_go() -> None:
    whole = picture_timeline([*samples((0, 1, 2)), Sample(packet="x", pts=3, hidden=True)], TENTH)
    assert ending_by(whole, Fraction(30)).end == 3


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (samples((0, 1, 1)), "at the same time"),
        ([Sample(packet="x", pts=0, hidden=True)], "none of its frames"),
    ],
    ids=["two-at-once", "none-shown"],
)
def test_a_track_that_cannot_be_laid_out_is_refused(frames: list[Sample], why: str) -> None:
    with pytest.raises(Refused, match=why):
        picture_timeline(frames, TENTH)


def test_a_track_that_is_one_group_of_frames_cannot_be_cut() -> None:
    with pytest.raises(Refused, match="cannot be cut"):
        ending_by(picture_timeline(samples((3, 0, 1, 2)), TENTH), Fraction(2, 10))


def test_sound_ends_with_the_last_packet_that_fits() -> None:
    sound = sound_timeline(samples(tuple(range(0, 50, 5)), duration=5), TENTH, Fraction(0))
    assert sound_until(sound, Fraction(3)).end == 30
    assert sound_until(sound, Fraction(29, 10)).end == 25
    assert sound_until(sound, Fraction(0)).samples == ()


def test_sound_before_the_picture_goes_but_for_what_its_decoder_settles_on() -> None:
    heard = samples(tuple(range(0, 50, 5)), duration=5)
    assert [sample.pts for sample in sound_timeline(heard, TENTH, Fraction(2)).samples][:2] == [-5, 0]


def test_sound_is_repeated_with_its_picture() -> None:
    sound = sound_timeline(samples((0, 5, 10), duration=5), TENTH, Fraction(0))
    again = sound_repeated(sound, Fraction(12, 10), Fraction(3))
    assert [sample.pts for sample in again.samples] == [0, 5, 12, 17, 24]


def test_the_start_of_a_picture_is_its_first_frame_that_is_shown() -> None:
    assert first_shown([Sample(packet="a", pts=-9, hidden=True), *samples((4, 3))]) == 3


def test_a_timeline_knows_its_seconds() -> None:
    assert Timeline(samples=(), time_base=TENTH, end=25).seconds == Fraction(5, 2)
