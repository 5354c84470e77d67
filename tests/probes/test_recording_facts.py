"""How a clip was recorded, against ffprobe, MediaInfo and exiftool (fixtures/truth.jsonl, fixtures/readers.jsonl)."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from preflight.model import Kind, VideoFacts
from tests.probes.test_probes_truth import OTHER_SIZE, TRUTH, clips, video
from tests.tools.probing import FIXTURES, drive_file

READERS = {row["path"]: row for row in map(json.loads, (FIXTURES / "readers.jsonl").read_text("utf-8").splitlines())}
CURVES = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
SOUNDS = {"aac": "AAC", "ac3": "AC-3", "alac": "ALAC", "opus": "Opus", "pcm_s16le": "PCM", "mp3": "MP3"}
PICTURES = {
    "h264": "H.264",
    "hevc": "HEVC",
    "av1": "AV1",
    "vp9": "VP9",
    "mpeg4": "MPEG-4 Visual",
    "prores": "ProRes 422 Proxy",
    "mjpeg": "Motion JPEG",
}
OTHER_CODEC = {"clips/slides-and-sound.mp4": "JPEG pictures in an entry of MPEG-4 Visual"}
WITH_PICTURE = [path for path in clips() if path not in OTHER_SIZE and TRUTH[path]["ffprobe"]["video"]]
SOUND = [path for path in WITH_PICTURE if TRUTH[path]["ffprobe"]["audio"]]
PHONES = [path for path in WITH_PICTURE if READERS[path]["mediainfo"]]


def said(path: str) -> tuple[VideoFacts, dict[str, Any]]:
    facts, truth = video(path)
    return facts, truth["video"]


@pytest.mark.parametrize("path", WITH_PICTURE)
def test_the_frame_rate_is_ffprobes(path: str) -> None:
    facts, truth = said(path)
    top, _, bottom = truth["avg_frame_rate"].partition("/")
    if facts.frame_rate is None or not int(bottom):
        return
    theirs = Fraction(int(top), int(bottom))
    off = abs(facts.frame_rate - theirs) / theirs if theirs else 0
    if facts.fragmented:  # not every fragment is read
        assert off < Fraction(5, 100)
    else:
        assert off < Fraction(1, 1000)


@pytest.mark.parametrize("path", WITH_PICTURE)
def test_depth_and_hdr_are_ffprobes(path: str) -> None:
    facts, truth = said(path)
    if truth["pix_fmt"] is not None and facts.bit_depth is not None:
        deep = next((bits for bits in (10, 12) if f"p{bits}le" in truth["pix_fmt"]), 8)
        assert facts.bit_depth == deep
    expected = "Dolby Vision" if truth["dolby_vision"] else CURVES.get(truth["color_transfer"])
    assert facts.hdr == expected


@pytest.mark.parametrize("path", WITH_PICTURE)
def test_a_codec_has_the_name_that_people_know(path: str) -> None:
    facts, truth = said(path)
    assert facts.codec_name is not None
    if truth["codec_name"] in PICTURES and path not in OTHER_CODEC:
        assert facts.codec_name.startswith(PICTURES[truth["codec_name"]])


@pytest.mark.parametrize("path", SOUND)
def test_the_sound_is_ffprobes(path: str) -> None:
    facts, _ = said(path)
    truth = TRUTH[path]["ffprobe"]["audio"]
    if truth["channels"] is None or not truth["channels"]:
        return
    assert facts.audio is not None
    assert facts.audio.codec_name == SOUNDS[truth["codec_name"]]
    assert (facts.audio.channels, str(facts.audio.sample_rate)) == (truth["channels"], truth["sample_rate"])


@pytest.mark.parametrize(
    "path", [path for path in WITH_PICTURE if (TRUTH[path]["exiftool"] or {}).get("VideoFrameRate")]
)
def test_the_frame_rate_is_exiftools(path: str) -> None:
    facts, _ = said(path)
    theirs = TRUTH[path]["exiftool"]["VideoFrameRate"]
    if facts.frame_rate is not None and not facts.fragmented:
        assert float(facts.frame_rate) == pytest.approx(theirs, rel=2e-3)


@pytest.mark.parametrize("path", PHONES)
def test_the_frame_rate_varies_where_mediainfo_says_so(path: str) -> None:
    facts, _ = said(path)
    mode = READERS[path]["mediainfo"]["video"][0]["frame_rate_mode"] if READERS[path]["mediainfo"]["video"] else None
    if mode in ("CFR", "VFR") and facts.variable_frame_rate is not None:
        assert facts.variable_frame_rate is (mode == "VFR")


def test_a_phones_clip_is_told_whole() -> None:
    facts = drive_file(FIXTURES / "clips" / "phone-dolby-vision.mov", Kind.VIDEO).facts
    assert isinstance(facts, VideoFacts)
    assert facts.codec_name == "HEVC 10-bit Dolby Vision"
    assert (facts.frame_rate, facts.variable_frame_rate) == (30, False)
    assert (facts.display_size, facts.display_orientation) == ((144, 256), "portrait")
    assert facts.audio is not None
    assert (facts.audio.codec_name, facts.audio.channels, facts.audio.sample_rate) == ("AAC", 2, 44_100)
    assert len(facts.tracks) == 6
