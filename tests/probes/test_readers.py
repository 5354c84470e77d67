"""The clocks and shapes of every clip against three readers: ffprobe 5, libavformat 62, MediaInfo (readers.jsonl).

A service may read a clip by any of them, so each one's length must be among the clocks that verdict and price go by.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Kind, Verdict, VideoFacts
from preflight.model.target import Media
from tests.tools.probing import FIXTURES, drive_file

READERS = {row["path"]: row for row in map(json.loads, (FIXTURES / "readers.jsonl").read_text("utf-8").splitlines())}
TWO_MILLISECONDS = Fraction(2, 1000)

OTHER_LENGTHS = {
    "clips/disabled-track.mp4": "ffprobe takes the first video track, players the first that is enabled",
    "clips/disabled-track-of-2-seconds.mp4": "the same",
    "clips/duration-unknown.mp4": "FFmpeg 5 and MediaInfo take all ones, which means unknown, for a number",
    "clips/free-skipped-by-sidx.mp4": "FFmpeg 5 counts half of the fragments when the index skips a box",
    "clips/styp-after-sidx.mp4": "FFmpeg 5 counts half of the fragments when a segment begins with a styp",
    "clips/sidx-says-60-seconds.mp4": "FFmpeg counts half of the fragments when the index is wrong",
}


def clips() -> Iterator[str]:
    """Clips that all three make something of, and that are not broken: of those, no length counts."""
    for path, row in READERS.items():
        told = all(row[reader] for reader in ("ffprobe", "libavformat62", "mediainfo"))
        if told and (facts := facts_of(path)).container in ("MP4", "MOV") and not facts.defects:
            yield path


def facts_of(path: str) -> VideoFacts:
    facts = drive_file(FIXTURES / path, Kind.VIDEO).facts
    assert isinstance(facts, VideoFacts)
    return facts


def lengths(row: dict[str, Any]) -> Iterator[tuple[str, Fraction]]:
    """Every length that a reader tells of the file and of its first video; none is 0 unless all are."""
    for reader, scale in (("ffprobe", 1), ("libavformat62", 1), ("mediainfo", 1000)):
        told = row[reader]
        video = [stream for stream in told["video"] if not stream.get("attached")]
        for what, length in (("the file", told["duration"]), ("the video", video[0]["duration"] if video else None)):
            if length is not None and Fraction(str(length)):
                yield f"{reader} of {what}", Fraction(str(length)) / scale


@pytest.mark.parametrize("path", [path for path in clips() if path not in OTHER_LENGTHS])
def test_the_length_that_any_reader_tells_is_among_the_clocks(path: str) -> None:
    durations = facts_of(path).durations
    clocks = [clock.seconds for clock in (*durations.clocks, *durations.hints)] + [durations.audio or Fraction(0)]
    for reader, length in lengths(READERS[path]):
        assert min(abs(clock - length) for clock in clocks) <= TWO_MILLISECONDS, f"{reader}: {float(length)} s"


STOPS_AT_ERROR = {"clips/fragment-in-moof.mp4"}
"""ffprobe goes on to the fragments that are sound; the one of readers.py ends where a frame does not decode."""

UNDECODED = [
    path
    for path, row in READERS.items()
    if row["ffprobe"] and not any(video["frames"] for video in row["ffprobe"]["video"])
]
ATTACHED = [
    path
    for path, row in READERS.items()
    if row["ffprobe"] and row["ffprobe"]["video"] and all(video["attached"] for video in row["ffprobe"]["video"])
]


@pytest.mark.parametrize("path", [*UNDECODED, *ATTACHED])
def test_a_clip_of_which_nothing_is_decoded_or_only_attached_pictures_never_passes(path: str) -> None:
    with Engine(Options(thorough=True)) as engine:
        report = engine.check([Media(source=str(FIXTURES / path), kind=Kind.VIDEO)])
    assert report.jobs[0].verdict is Verdict.FAIL


def test_both_readers_decode_the_same_of_a_clip_but_for_exceptions() -> None:
    """What is said of FFmpeg by the frames of one version holds for the other."""
    for path, row in READERS.items():
        if row["ffprobe"] and row["libavformat62"] and path not in STOPS_AT_ERROR:
            old, new = (
                [bool(video["frames"]) for video in row[reader]["video"]] for reader in ("ffprobe", "libavformat62")
            )
            assert old == new, path


@pytest.mark.parametrize(
    "path",
    [path for path in clips() if not path.startswith("clips/disabled-track") and READERS[path]["ffprobe"]["video"]],
)
def test_the_shape_of_the_picture_is_what_ffprobe_and_mediainfo_show(path: str) -> None:
    facts = facts_of(path)
    shown = READERS[path]["ffprobe"]["video"][0]["pixel_aspect"]
    if facts.display_size is None or not facts.width or not facts.height or shown is None:
        return
    across, down = map(int, shown.split(":"))
    width, height = facts.display_size if facts.rotation in (0, 180) else facts.display_size[::-1]
    assert height == facts.height
    assert abs(width - facts.width * Fraction(across, down)) <= Fraction(1, 2)
    assert abs(float(READERS[path]["mediainfo"]["video"][0]["pixel_aspect"]) - across / down) < 0.01
