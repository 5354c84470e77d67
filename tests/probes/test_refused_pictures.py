"""JPEG and PNG against the libraries that will open them: what Pillow, libjpeg and libpng said of every fixture.

Both refuse a file: an error. One refuses it: a warning that says so. Neither does: no more than that they pass over
something.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from preflight.model import DefectKind, ImageFacts, Kind
from tests.tools.probing import FIXTURES, drive, drive_file

ROWS: dict[str, dict[str, Any]] = {
    row["path"]: row for row in map(json.loads, (FIXTURES / "decoders.jsonl").read_text("utf-8").splitlines())
}
DECODED = [path for path, row in ROWS.items() if row["libjpeg"] or row["libpng"]]

# Seen in the pixels alone, which only --deep reads.
IN_PIXELS = {"pictures/half-of-rows.png"}
# Stricter than the libraries, and why.
STRICTER = {
    "pictures/arithmetic.jpg": "browsers do not show it",
    "pictures/late-ihdr.png": "the header must come first; libpng refuses it",
    "pictures/two-ihdr.png": "two sizes; libpng refuses it",
    "pictures/truncated.jpg": "cut short; libjpeg shows grey",
    "pictures/no-end-marker.jpg": "cut short; libjpeg assumes the end",
    "pictures/comment-without-segment.jpg": "cut short, as above",
    "pictures/app1-without-segment.jpg": "the same",
    "pictures/dnl-without-segment.jpg": "the same",
    "pictures/dac-without-segment.jpg": "the same; Pillow does not read as far",
    "pictures/dqt-without-segment.jpg": "the same; Pillow does not read as far",
    "pictures/bad-crc-idat.png": "damaged pixels; Pillow does not look at their checksum",
    "pictures/no-iend.png": "cut short; Pillow does not need the end",
    "pictures/palette-missing.png": "no colours; Pillow shows black",
    "pictures/40000-wide.png": "more pixels than are looked at",
}
PASSED_OVER = {
    "pictures/stray-byte-before-dqt.jpg",
    "pictures/40-stray-bytes-before-frame.jpg",
    "pictures/stray-zeros-before-scan.jpg",
    "pictures/stray-ff00-before-dht.jpg",
    "pictures/app0-length-short.jpg",
    "pictures/comment-length-zero.jpg",
    "pictures/comment-length-short.jpg",
}


def read(path: str) -> ImageFacts:
    facts = drive_file(FIXTURES / path, Kind.IMAGE).facts
    assert isinstance(facts, ImageFacts)
    return facts


def kinds(path: str) -> set[DefectKind]:
    return {defect.kind for defect in read(path).defects}


def refusals(path: str) -> list[bool]:
    row = ROWS[path]
    return [bool(row["pillow"]["error"]), bool((row["libjpeg"] or row["libpng"])["error"])]


@pytest.mark.parametrize("path", [path for path in DECODED if path not in IN_PIXELS | STRICTER.keys()])
def test_a_picture_is_refused_where_libraries_refuse_it(path: str) -> None:
    mild = {DefectKind.DISPUTED, DefectKind.TOLERATED}
    match sum(refusals(path)):
        case 2:
            assert kinds(path) - mild
        case 1:
            assert kinds(path) == {DefectKind.DISPUTED}
        case _:
            assert kinds(path) == ({DefectKind.TOLERATED} if path in PASSED_OVER else set())


@pytest.mark.parametrize("path", STRICTER)
def test_what_is_refused_here_and_opened_elsewhere_has_a_defect(path: str) -> None:
    assert kinds(path) - {DefectKind.DISPUTED, DefectKind.TOLERATED}


@pytest.mark.parametrize(
    "path", [path for path in DECODED if (ROWS[path]["pillow"]["size"] and path not in STRICTER) or "length" in path]
)
def test_a_picture_that_is_refused_still_has_its_size(path: str) -> None:
    if ROWS[path]["pillow"]["size"] and len(read(path).sizes) == 1:
        assert [read(path).width, read(path).height] == ROWS[path]["pillow"]["size"]


@pytest.mark.parametrize("path", [path for path in DECODED if sum(refusals(path)) == 1 and path not in STRICTER])
def test_where_libraries_disagree_the_message_names_the_one_that_refuses(path: str) -> None:
    if path in IN_PIXELS:
        return
    refuses = "Pillow" if ROWS[path]["pillow"]["error"] else "libpng"
    messages = [defect.message for defect in read(path).defects if defect.kind is DefectKind.DISPUTED]
    assert any(
        f"{refuses} refuses" in text or f"{refuses} takes" in text or "for which Pillow" in text for text in messages
    )


PLAIN = (FIXTURES / "pictures" / "plain.jpg").read_bytes()


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 1000, 60_000])
@pytest.mark.parametrize("byte", [b"\0", b"7", b"\x01"])
def test_any_number_of_stray_bytes_is_skipped(count: int, byte: bytes) -> None:
    facts = drive(PLAIN[:20] + byte * count + PLAIN[20:], Kind.IMAGE).facts
    assert isinstance(facts, ImageFacts)
    assert (facts.width, facts.height) == (480, 640)
    (defect,) = facts.defects
    assert defect.kind is DefectKind.TOLERATED
    assert f"at byte {20 + count}" in defect.message


def test_more_stray_bytes_than_are_read_are_not_called_corrupt() -> None:
    """libjpeg and Pillow read on."""
    facts = drive(PLAIN[:20] + bytes(70_000) + PLAIN[20:], Kind.IMAGE).facts
    assert isinstance(facts, ImageFacts)
    assert [defect.kind for defect in facts.defects] == [DefectKind.UNREADABLE]


def test_many_mild_defects_do_not_hide_a_grave_one() -> None:
    mild = b"7\xff\xfe\0\2" * 30
    facts = drive(PLAIN[:20] + mild + b"\xff\xd8" + PLAIN[20:], Kind.IMAGE).facts
    assert isinstance(facts, ImageFacts)
    assert DefectKind.CORRUPT in {defect.kind for defect in facts.defects}
