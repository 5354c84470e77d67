"""Media that the plugin makes, as other tools see it; and the server's faults, as a check sees them."""

from __future__ import annotations

import io
import urllib.request
from fractions import Fraction
from typing import Any

import av
import pytest
from PIL import Image

import preflight
from preflight.errors import ConfigurationError
from preflight.model import Report, Verdict
from preflight.testing import MEDIA_FAULTS, MediaServer
from preflight.testing.made_clips import clip
from preflight.testing.made_pictures import picture

CLIPS: dict[str, dict[str, Any]] = {
    "whole-seconds": {"seconds": 3},
    "a-fraction-of-a-picture": {"seconds": "12.345", "container": "MOV"},
    "thirds": {"seconds": Fraction(10, 3), "fast_start": False},
    "a-float": {"seconds": 0.1},
    "shorter-than-a-picture": {"seconds": "0.001"},
    "sides-that-are-no-multiple-of-16": {"seconds": 1, "width": 362, "height": 642},
    "large-sides": {"seconds": 1, "width": 3840, "height": 2160},
    "padded": {"seconds": 5, "size_bytes": 1_000_000},
    "padded-before-moov": {"seconds": 5, "size_bytes": 1_000_000, "fast_start": False},
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_decodes_and_has_the_length_and_size_that_were_asked_for(name: str) -> None:
    wanted = {"width": 720, "height": 1280, "container": "MP4", "size_bytes": None, "fast_start": True} | CLIPS[name]
    made = clip(**CLIPS[name])
    data = made.read(0, made.size)
    seconds = Fraction(str(wanted["seconds"]))
    with av.open(io.BytesIO(data)) as read:
        (stream,) = read.streams
        assert isinstance(stream, av.VideoStream)
        pictures = [frame.to_ndarray() for frame in read.decode(stream)]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == seconds
        assert (stream.codec_context.name, stream.codec_context.width) == ("h264", wanted["width"])
        assert stream.codec_context.height == wanted["height"]
    assert len(pictures) == -(-seconds * 30 // 1)
    assert {int(picture.min()) for picture in pictures} == {int(picture.max()) for picture in pictures} == {128}
    assert wanted["size_bytes"] in (None, len(data))
    assert (data.index(b"moov") < data.index(b"mdat")) is wanted["fast_start"]
    assert (data[8:10] == b"qt") is (wanted["container"] == "MOV")


@pytest.mark.parametrize(
    ("container", "size_bytes"),
    [("PNG", None), ("PNG", 3000), ("PNG", 2_500_000), ("JPEG", None), ("JPEG", 2_500_000), ("WEBP", None)],
)
def test_a_picture_decodes_and_has_the_size_that_was_asked_for(container: str, size_bytes: int | None) -> None:
    made = picture(320, 400, container=container, size_bytes=size_bytes)
    data = made.read(0, made.size)
    with Image.open(io.BytesIO(data)) as read:
        read.load()
        assert (read.format, read.size) == (container, (320, 400))
    assert size_bytes in (None, len(data))


def test_any_part_of_a_large_file_can_be_read_without_holding_it() -> None:
    made = clip(3, size_bytes=5 << 30, fast_start=False)
    assert made.size == 5 << 30
    whole = clip(3, size_bytes=20_000, fast_start=False)
    data = whole.read(0, whole.size)
    for start, end in ((0, 10), (5000, 15000), (19_000, 20_000), (0, 20_000), (19_999, 20_000)):
        assert whole.read(start, end) == data[start:end] == b"".join(whole.pieces(start, end))
    assert made.read(made.size - 1000, made.size)[-10:] == data[-10:]


WRONG: dict[str, dict[str, Any]] = {
    "too-small": {"seconds": 3, "size_bytes": 10},
    "odd-side": {"seconds": 3, "width": 301},
    "no-side": {"seconds": 3, "height": 0},
    "no-length": {"seconds": 0},
    "negative": {"seconds": -1},
    "not-a-number": {"seconds": float("nan")},
    "words": {"seconds": "long"},
    "endless": {"seconds": 10**9},
    "too-fine": {"seconds": Fraction(10**9 + 1, 10**9 + 7)},
    "container": {"seconds": 3, "container": "AVI"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_clip_that_cannot_be_made_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        clip(**WRONG[name])


@pytest.mark.parametrize(
    "wrong",
    [{"width": 0}, {"width": 10**6, "height": 10**6}, {"container": "TIFF"}, {"container": "GIF", "size_bytes": 10**6}],
)
def test_a_picture_that_cannot_be_made_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        picture(**{"width": 300, "height": 300, **wrong})


FOUND = {
    "not-found": (Verdict.FAIL, "http-status"),
    "forbidden": (Verdict.FAIL, "http-status"),
    "unavailable": (Verdict.INDETERMINATE, "http-status"),
    "unavailable-once": (Verdict.PASS, None),
    "redirects": (Verdict.PASS, None),
    "redirects-inside": (Verdict.FAIL, "url-not-public"),
    "html": (Verdict.FAIL, "not-media"),
    "wrong-type": (Verdict.PASS, "type-mismatch"),
    "ignores-range": (Verdict.PASS, "range-unsupported"),
    "cut-short": (Verdict.FAIL, "video-truncated"),
    "closes-early": (Verdict.INDETERMINATE, "unreachable"),
    "stalls": (Verdict.INDETERMINATE, "unreachable"),
    "changes": (Verdict.PASS, None),  # the reader sees it, and asks for the whole
    "refused": (Verdict.INDETERMINATE, "unreachable"),
}


@pytest.mark.parametrize("fault", MEDIA_FAULTS)
def test_a_fault_is_found_by_a_check(fault: str, preflight_media: MediaServer) -> None:
    verdict, rule = FOUND[fault]
    url = preflight_media.clip(5, size_bytes=300_000, fast_start=fault != "changes", fault=fault)
    report = checked(url, preflight_media)
    assert report.verdict is verdict, report.jobs[0].findings
    rules = {finding.rule for finding in report.jobs[0].findings} - {"url-insecure"}
    assert rules == ({rule} if rule else set())
    assert bool(preflight_media.requests) is (fault != "refused")


def checked(url: str, media: MediaServer) -> Report:
    return preflight.check(url, options=preflight.Options(allow=media.options.allow, deadline_s=3))


def test_a_file_of_your_own_is_served_as_declared(preflight_media: MediaServer) -> None:
    url = preflight_media.file("ä b/…?.png", b"<html>", declared_type="text/html")
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"<html>", "text/html")
    for wrong in ({"declared_type": "a\r\nSet-Cookie: b"}, {"fault": "not-fuond"}):
        with pytest.raises(ConfigurationError):
            preflight_media.file("a.png", b"", **wrong)


def test_ranges_are_answered_as_they_are_asked_for(preflight_media: MediaServer) -> None:
    url = preflight_media.file("a.png", b"0123456789")
    for asked, expected in (
        ("bytes=2-4", (206, b"234", "bytes 2-4/10")),
        ("bytes=8-99", (206, b"89", "bytes 8-9/10")),
        ("bytes=3-", (206, b"3456789", "bytes 3-9/10")),
        ("bytes=10-", (416, b"", "bytes */10")),
        ("pages=1", (200, b"0123456789", None)),
    ):
        request = urllib.request.Request(url, headers={"Range": asked})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found = answer.status, answer.read(), answer.headers["Content-Range"]
        except urllib.error.HTTPError as error:
            with error:
                found = error.code, error.read(), error.headers["Content-Range"]
        assert found == expected, asked
    assert preflight_media.requests[0].range == "bytes=2-4"
