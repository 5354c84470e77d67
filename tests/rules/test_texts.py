"""No text contradicts itself: what it shows is what decided."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.checking.mediainfo_facts import second_opinion
from preflight.pricing import show_seconds
from tests.servers.lying import serving
from tests.support.command import CLIP, FIXTURES, PICTURE, check, here
from tests.support.jobs import job, write_job
from tests.support.media import picture

CLIPS = FIXTURES / "clips"

LENGTHS = {
    "30": "30 s",
    "30.000178": "30.000178 s",
    "29.9999": "29.9999 s",
    "3.00000004": "3.00000004 s",
    "29.9999999999": "just under 30 s",
    "10.00000000000001": "just over 10 s",
    "12.3456789": "12.346 s",
    "8.5": "8.5 s",
    "0": "0 s",
}


@pytest.mark.parametrize(("seconds", "words"), LENGTHS.items())
def test_a_length_is_not_shown_as_a_whole_second_that_it_is_not(seconds: str, words: str) -> None:
    assert show_seconds(Fraction(seconds)) == words


@given(st.fractions(min_value=0, max_value=100), st.integers(0, 100))
def test_a_length_looks_like_a_limit_only_if_it_is_one(seconds: Fraction, limit: int) -> None:
    assert (show_seconds(seconds) == f"{limit} s") is (seconds == limit)


def clip_of(folder: Path, ticks: int, timescale: int) -> Path:
    """A clip whose movie header says that it lasts ``ticks`` of a second's ``timescale``."""
    data = bytearray((CLIPS / "30-seconds.mp4").read_bytes())
    at = data.index(b"mvhd") + 4
    assert data[at] == 0, "a header of version 0"
    old = struct.unpack_from(">I", data, at + 12)[0]
    struct.pack_into(">II", data, at + 12, timescale, ticks)
    at = 0
    while (at := data.find(b"elst", at + 1)) >= 0:  # an edit list counts in the movie's timescale, too
        shown = struct.unpack_from(">I", data, at + 12)[0]
        struct.pack_into(">I", data, at + 12, shown * timescale // old)
    path = folder / "clip.mp4"
    path.write_bytes(data)
    return path


def test_clocks_around_a_limit_are_shown_as_exactly_as_it_takes(tmp_path: Path) -> None:
    path = clip_of(tmp_path, 30_000_178, 1_000_000)
    finding = check(path).finding("video-duration-ambiguous")
    assert "container 30.000178 s" in finding["message"]
    assert "30.000178 s" in finding["measured"]


# A wrong choice, and what may be proposed for it: a slip of the pen has one meaning, another word has none.
CHOICES = {
    "pro": "mode: 720p or mode: 1080p",
    "std": "mode: 720p or mode: 1080p",
    "4k": "mode: 720p or mode: 1080p",
    "480p": "mode: 720p or mode: 1080p",
    "1080": "mode: 1080p",
    "720P": "mode: 720p",
}


@pytest.mark.parametrize(("mode", "fix"), CHOICES.items())
def test_a_choice_is_proposed_only_where_it_is_meant(mode: str, fix: str, tmp_path: Path) -> None:
    assert check(write_job(tmp_path, job(mode=mode)), "--offline").finding("mode-invalid")["fix"] == fix


def test_one_container_has_one_name() -> None:
    for general in ({"format": "QuickTime"}, {"format": "MPEG-4", "format_profile": "QuickTime"}):
        opinion = second_opinion([{"track_type": "General", **general}])
        assert opinion is not None
        assert opinion.container == "MOV"


def test_a_ratio_is_not_shown_as_the_limit_that_it_breaks(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    path.write_bytes(picture(1001, 2503))
    message = check("--image", path).finding("image-aspect-ratio")["message"]
    assert "1:2.5004" in message


def test_a_type_that_is_declared_wrongly_is_not_called_allowed() -> None:
    with serving({"a.png": Path(PICTURE)}, types={"a.png": "image/jpeg"}) as server:
        finding = check(server.url("ok", "a.png"), "--allow-host", server.authority).finding("type-mismatch")
    assert (finding["measured"], finding["allowed"]) == ("PNG", "image/png")


@pytest.mark.parametrize("orientation", ["video", "image"])
@pytest.mark.parametrize("name", ["8.5-seconds", "audio-longer-than-video", "mvhd-longer-than-tracks", "30-seconds"])
def test_a_clip_alone_and_in_a_job_gets_the_same_verdict(name: str, orientation: str, tmp_path: Path) -> None:
    clip, strict = CLIPS / f"{name}.mp4", ["--strict", "--fail-on", "note"]
    alone = check(clip, "--orientation", orientation, *strict)
    in_job = check(write_job(tmp_path, job(video=clip, character_orientation=orientation)), *strict)
    assert alone.code == in_job.code
    assert alone.rules == in_job.rules
    assert ("price-ambiguous" in alone.rules) is (name == "mvhd-longer-than-tracks")


def test_a_range_that_is_no_finding_is_on_the_price_line(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(video=CLIPS / "8.5-seconds.mp4"))
    text = here("check", path).out
    assert "price-ambiguous" not in text
    assert "between 255 and 270" in text
    assert "does not document how it rounds 8.5 s" in text


def test_a_price_that_is_a_finding_says_why(tmp_path: Path) -> None:
    text = here("check", write_job(tmp_path, job(video=CLIPS / "mvhd-longer-than-tracks.mp4"))).out
    assert "note  price-ambiguous" in text
    assert json.loads(here("check", CLIP, "--format", "json").out)["jobs"][0]["findings"] == []
