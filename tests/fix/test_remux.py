"""Clips written anew: tracks kept, cut, repeated or encoded. Run here what a process of its own runs otherwise.

What comes out is read back with FFmpeg, not with our own reader.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from preflight.fix import remux as clips
from preflight.fix.recipe import Refused, VideoRecipe, WorkerOutcome
from preflight.fix.worker import carry_out
from tests.support.pixels import frames_of, lengths_of, psnr
from tests.tools.probing import FIXTURES

CLIPS = FIXTURES / "clips"
HALF = Fraction(1, 2)


def recipe(**more: object) -> VideoRecipe:
    return VideoRecipe(**{"max_seconds": Fraction(30), **more})  # type: ignore[arg-type]  # test data


def written(name: str, target: Path, wish: VideoRecipe) -> WorkerOutcome:
    with (CLIPS / name).open("rb") as given, target.open("w+b") as made, target.open("rb") as again:
        return clips.write_clip(given, made, again, wish)


def codecs(path: Path) -> list[str]:
    with av.open(str(path)) as clip:
        return [stream.codec_context.codec.canonical_name for stream in clip.streams]


def boxes(path: Path) -> list[bytes]:
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        found.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    return found


def test_the_movie_box_comes_first_and_nothing_is_fragmented(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    written("fragmented-with-audio.mp4", target, recipe())
    kinds = boxes(target)
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert b"moof" not in kinds


@pytest.mark.parametrize("limit", [Fraction(10), Fraction(39, 4), Fraction(7, 2)], ids=str)
def test_no_clock_of_a_clip_that_is_cut_goes_beyond_the_limit(limit: Fraction, tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    written("audio-longer-than-video.mp4", target, recipe(max_seconds=limit))
    lengths = lengths_of(target)
    assert max(lengths.container, *lengths.tracks) <= limit
    assert lengths.container > limit - 4 * lengths.frame
    made, given = frames_of(target), frames_of(CLIPS / "audio-longer-than-video.mp4")
    assert all(psnr(one.picture, other.picture) == float("inf") for one, other in zip(given, made, strict=False))


def test_a_clip_that_is_encoded_ends_exactly_where_it_may(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    answer = written("12-seconds.mp4", target, recipe(max_seconds=Fraction(33, 8), recode=True))
    lengths = lengths_of(target)
    assert abs(lengths.container - Fraction(33, 8)) < Fraction(1, 500)
    assert max(lengths.tracks) <= Fraction(33, 8)
    assert answer.done[0] == "picture encoded as H.264, in a fast-start MP4"


def test_the_same_order_twice_makes_the_same_file(tmp_path: Path) -> None:
    made = []
    for name in ("one.mp4", "two.mp4"):
        written("matroska.mkv", tmp_path / name, recipe())
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_a_clip_that_is_turned_stays_so_when_it_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    written("rotated-90.mp4", target, recipe())
    with av.open(str(target)) as made, av.open(str(CLIPS / "rotated-90.mp4")) as given:
        turns = [next(clip.decode(video=0)).rotation for clip in (made, given)]
    assert turns[0] == turns[1] != 0


@pytest.mark.parametrize("name", ["rotated-90.mp4", "rotated-180.mp4", "rotated-270.mp4"])
def test_a_clip_that_is_turned_is_upright_when_it_is_encoded(name: str, tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    written(name, target, recipe(recode=True, max_seconds=Fraction(1)))
    with av.open(str(CLIPS / name)) as given:
        first = next(given.decode(video=0))
        upright = first.to_image().rotate(first.rotation, expand=True)
    shown = frames_of(target)[0].picture
    assert shown.size == upright.size
    assert psnr(shown, upright) > 30


def test_pixels_that_are_not_square_become_square(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    written("pixel-aspect-2-1.mp4", target, recipe(recode=True, max_seconds=Fraction(1)))
    assert frames_of(target)[0].picture.size == (1280, 360)


@pytest.mark.parametrize(
    ("name", "size"), [("338-high.mp4", (608, 340)), ("3852-wide.mp4", (3850, 400))], ids=["too-small", "too-large"]
)
def test_sides_are_scaled_into_their_bounds(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    written(name, target, recipe(recode=True, sides=(340, 3850), max_seconds=Fraction(1)))
    assert frames_of(target)[0].picture.size == size


@pytest.mark.parametrize("recode", [False, True], ids=["kept", "encoded"])
def test_a_short_clip_is_repeated_until_it_is_long_enough(tmp_path: Path, *, recode: bool) -> None:
    target = tmp_path / "made.mp4"
    answer = written("fast-start.mp4", target, recipe(min_seconds=Fraction(9), recode=recode))
    lengths = lengths_of(target)
    assert Fraction(9) <= lengths.container < Fraction(10)
    given, made = frames_of(CLIPS / "fast-start.mp4"), frames_of(target)
    assert all(psnr(given[index % 20].picture, frame.picture) > 38 for index, frame in enumerate(made))
    assert "repeated, from 4 s to" in answer.done[1]


def test_a_clip_is_squeezed_into_its_bytes(tmp_path: Path) -> None:
    plain, small = tmp_path / "plain.mp4", tmp_path / "small.mp4"
    written("ntsc.mp4", plain, recipe(recode=True))
    limit = 350_000
    written("ntsc.mp4", small, recipe(recode=True, max_bytes=limit))
    assert small.stat().st_size <= limit
    with pytest.raises(Refused, match="too low a bit rate"):
        written("ntsc.mp4", small, recipe(recode=True, max_bytes=20_000))


@pytest.mark.parametrize(
    ("name", "sound"),
    [("mpeg-ps.mpg", "mp2"), ("ogg.ogv", "vorbis"), ("wmv.wmv", "wmav2")],
    ids=["mp2", "vorbis", "wma"],
)
def test_sound_that_mp4_does_not_hold_is_encoded_as_aac(name: str, sound: str, tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    answer = written(name, target, recipe(recode=True, max_seconds=Fraction(2)))
    assert codecs(target) == ["h264", "aac"]
    assert f"sound encoded as AAC, because MP4 does not hold {sound}" in answer.done


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ogg.ogv", "theora, which MP4 does not hold"),
        ("audio-only.mp4", "no picture track"),
    ],
)
def test_what_cannot_be_kept_as_it_is_is_refused(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=why):
        written(name, tmp_path / "made.mp4", recipe())


def test_a_still_picture_beside_the_clip_is_left_out(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    answer = written("cover-art.mp4", target, recipe())
    assert codecs(target) == ["h264", "aac"]
    assert answer.done[-1] == "1 other track left out"


def test_a_list_of_other_files_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes((CLIPS / "mpeg-ts.ts").read_bytes())
    for text in (f"#EXTM3U\n#EXTINF:4,\n{secret}\n", f"ffconcat version 1.0\nfile {secret}\n"):
        given = tmp_path / "list.mp4"
        given.write_text(text)
        target = tmp_path / "made.mp4"
        with given.open("rb") as source, target.open("w+b") as made, target.open("rb") as again:
            answer = carry_out(recipe(), source, made, again)
        assert answer.container is None
        assert target.stat().st_size == 0


def test_a_track_in_another_file_is_not_fetched(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    with (
        (CLIPS / "external-reference.mov").open("rb") as source,
        target.open("w+b") as made,
        target.open("rb") as again,
    ):
        answer = carry_out(recipe(), source, made, again)
    assert answer.container is None
