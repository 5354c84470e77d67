"""The limits of the API page, from both sides of each bound, as ``preflight check`` judges files of that very size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.lying import serving
from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, check, preflight
from tests.support.media import grown_clip, jpeg_of, picture, png_of

CLIPS, PICTURES = FIXTURES / "clips", FIXTURES / "pictures"

# "≤ 10MB" and "≤ 100MB": decimal for sure, binary perhaps.
SIZES = {
    "at-the-decimal-limit": (1_000_000, "pass", None),
    "a-byte-above-it": (1_000_000, "pass", "warning"),
    "at-the-binary-limit": (1_048_576, "pass", "warning"),
    "a-byte-above-that": (1_048_576, "fail", "error"),
}


def size_of(case: str, megabytes: int) -> int:
    return megabytes * SIZES[case][0] + ("above" in case)


def judged(ran: Ran, rule: str, verdict: str, severity: str | None) -> None:
    """``ran`` came to ``verdict``, and said ``rule`` with ``severity``, or not at all."""
    assert (ran.code, ran.json["verdict"]) == ({"pass": 0, "fail": 1}[verdict], verdict), ran.out
    assert ran.severities(rule) == ({rule: severity} if severity else {})


SIDES = [
    (300, 300, "pass", "warning"),
    (299, 400, "fail", "error"),
    (400, 299, "fail", "error"),
    (300, 400, "pass", "warning"),
    (339, 400, "pass", "warning"),
    (400, 339, "pass", "warning"),
    (340, 340, "pass", None),
]


@pytest.mark.parametrize(
    ("width", "height", "verdict", "severity"), SIDES, ids=[f"{width}x{height}" for width, height, *_ in SIDES]
)
def test_a_picture_has_300_pixels_a_side_and_better_340(
    width: int, height: int, verdict: str, severity: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(width, height))
    ran = check("--image", path)
    judged(ran, "image-too-small", verdict, severity)
    assert (ran.subject["facts"]["width"], ran.subject["facts"]["height"]) == (width, height)


RATIOS = {
    "2:5": (400, 1000, "pass"),
    "a-row-taller": (400, 1001, "fail"),
    "a-column-narrower": (399, 1000, "fail"),
    "5:2": (1000, 400, "pass"),
    "a-column-wider": (1001, 400, "fail"),
    "a-row-lower": (1000, 399, "fail"),
}


@pytest.mark.parametrize("container", ["PNG", "JPEG"])
@pytest.mark.parametrize(("width", "height", "verdict"), RATIOS.values(), ids=RATIOS)
def test_a_picture_is_between_2_to_5_and_5_to_2(
    width: int, height: int, verdict: str, container: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{container.lower()}"
    path.write_bytes(picture(width, height, container))
    judged(check("--image", path), "image-aspect-ratio", verdict, "error" if verdict == "fail" else None)


@pytest.mark.parametrize("case", SIZES)
@pytest.mark.parametrize("padded", [png_of, jpeg_of], ids=["png", "jpeg"])
def test_a_picture_has_at_most_10_megabytes(padded: Callable[[int], bytes], case: str, tmp_path: Path) -> None:
    size, (_, verdict, severity) = size_of(case, 10), SIZES[case]
    path = tmp_path / ("a.png" if padded is png_of else "a.jpg")
    path.write_bytes(padded(size))
    ran = check("--image", path)
    judged(ran, "image-too-large", verdict, severity)
    assert ran.subject["facts"]["size_bytes"] == size
    assert ran.rules <= {"image-too-large"}


@pytest.mark.parametrize("case", SIZES)
def test_a_served_picture_is_measured_without_being_fetched(case: str) -> None:
    size, (_, verdict, severity) = size_of(case, 10), SIZES[case]
    with serving({"a.jpg": jpeg_of(size)}) as server:
        ran = check("--image", server.url("ok", "a.jpg"), "--allow-host", server.authority)
    judged(ran, "image-too-large", verdict, severity)
    assert ran.subject["facts"]["size_bytes"] == size
    assert ran.subject["transfer"]["bytes"] == 65_536


LENGTHS = {
    "2.9-seconds.mp4": ("fail", {"video-too-short": "error"}),
    "3-seconds.mp4": ("pass", {}),
    "30-seconds.mp4": ("pass", {}),
    "30.1-seconds.mp4": ("fail", {"video-too-long": "error"}),
}


@pytest.mark.parametrize("served", [False, True], ids=["local", "served"])
@pytest.mark.parametrize("name", LENGTHS)
def test_a_clip_lasts_3_to_30_seconds(name: str, *, served: bool) -> None:
    verdict, expected = LENGTHS[name]
    with serving({name: CLIPS / name}) as server:
        source = server.url("ok", name) if served else CLIPS / name
        ran = check("--video", source, "--allow-host", server.authority)
    assert (ran.code, ran.json["verdict"]) == (0 if verdict == "pass" else 1, verdict)
    assert ran.severities("video-too-short", "video-too-long", "video-duration-ambiguous") == expected
    assert ran.subject["facts"]["duration_s"] == name.removesuffix("-seconds.mp4")


@pytest.mark.parametrize("served", [False, True], ids=["local", "served"])
@pytest.mark.parametrize("name", ["fast-start.mp4", "moov-after-mdat.mov"])
@pytest.mark.parametrize("case", SIZES)
def test_a_clip_has_at_most_100_megabytes(case: str, name: str, tmp_path: Path, *, served: bool) -> None:
    size, (_, verdict, severity) = size_of(case, 100), SIZES[case]
    path = grown_clip(CLIPS / name, tmp_path / name, size)
    with serving({name: path}) as server:
        ran = check("--video", server.url("ok", name) if served else path, "--allow-host", server.authority)
    judged(ran, "video-too-large", verdict, severity)
    assert ran.subject["facts"]["size_bytes"] == size
    assert ran.subject["facts"]["duration_s"] == "4"


# What is in the two fields, and what is said of it.
NOT_WHAT_IT_SEEMS = {
    "webp-named-png": (PICTURES / "webp-named.png", CLIP, {"image-format": "error", "type-mismatch": "warning"}),
    "heic-named-jpg": (PICTURES / "heic-named.jpg", CLIP, {"image-format": "error", "type-mismatch": "warning"}),
    "gif": (PICTURES / "gif.gif", CLIP, {"image-format": "error"}),
    "jpeg-named-png": (PICTURES / "jpeg-named.png", CLIP, {"type-mismatch": "warning"}),
    "html-named-png": (PICTURES / "html-named.png", CLIP, {"not-media": "error"}),
    "clip-for-a-picture": (CLIP, CLIP, {"image-format": "error"}),
    "mkv-named-mp4": (PICTURE, CLIPS / "matroska-named.mp4", {"video-container": "error", "type-mismatch": "warning"}),
    "webm": (PICTURE, CLIPS / "webm.webm", {"video-container": "error"}),
    "html-named-mp4": (PICTURE, CLIPS / "html-named.mp4", {"not-media": "error"}),
    "picture-for-a-clip": (PICTURE, PICTURE, {"video-container": "error"}),
}


@pytest.mark.parametrize(("image", "video", "expected"), NOT_WHAT_IT_SEEMS.values(), ids=NOT_WHAT_IT_SEEMS)
def test_bytes_decide_what_a_file_is(image: Path | str, video: Path | str, expected: dict[str, str]) -> None:
    ran = check("--image", image, "--video", video)
    fails = "error" in expected.values()
    assert (ran.code, ran.json["verdict"]) == ((1, "fail") if fails else (0, "pass"))
    wrong = ran.severities("image-format", "video-container", "not-media", "type-mismatch")
    assert wrong == expected


BROKEN = {
    "truncated.png": ("--image", "image-truncated"),
    "truncated.jpg": ("--image", "image-truncated"),
    "zero-bytes.png": ("--image", "not-media"),
    "zero-bytes.mp4": ("--video", "not-media"),
    "no-moov.mp4": ("--video", "video-incomplete"),
    "truncated-fast-start.mp4": ("--video", "video-truncated"),
    "audio-only.mp4": ("--video", "video-no-video-track"),
    "encrypted-cenc.mp4": ("--video", "video-encrypted"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_fails_by_its_rule(name: str) -> None:
    option, rule = BROKEN[name]
    ran = check(option, (PICTURES if option == "--image" else CLIPS) / name)
    assert (ran.code, ran.json["verdict"]) == (1, "fail")
    assert ran.severities(rule) == {rule: "error"}


def test_a_real_process_fails_a_job_for_each_bound_that_is_crossed(tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    small.write_bytes(picture(299, 400))
    ran = preflight("check", "--image", small, "--video", CLIPS / "30.1-seconds.mp4", "--format", "json")
    assert ran.code == 1
    assert ran.severities() == {"image-too-small": "error", "video-too-long": "error"} | ran.severities(
        "price-ambiguous"
    )
    assert ran.finding("video-too-long")["measured"] == "30.1 s"
