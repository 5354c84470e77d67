"""Files of more than one picture: gain maps, thumbnails and leftovers of an index are no other picture."""

from __future__ import annotations

import struct

import pytest
from pictures_jpeg_odd import (
    APPLE,
    BASELINE,
    DISPARITY,
    GAIN_MAP,
    HDRGM,
    ISO,
    THUMBNAIL,
    UNDEFINED,
    app,
    with_second,
    xmp,
)

from preflight.model import DefectKind, ImageFacts, Kind
from tests.support.command import check
from tests.tools.probing import FIXTURES, Drive, drive, drive_file

PICTURES = FIXTURES / "pictures"
PLAIN = (PICTURES / "plain.jpg").read_bytes()


def frames(driven: Drive) -> int | None:
    assert isinstance(driven.facts, ImageFacts)
    assert driven.facts.defects == ()
    return driven.facts.frames


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ultra-hdr.jpg", 1),
        ("iso-gain-map.jpg", 1),
        ("apple-gain-map.jpg", 1),
        ("mpf-gain-map.jpg", 1),
        ("mpf-thumbnail.jpg", 1),
        ("mpf-without-second.jpg", 1),
        ("mpf-stereo.jpg", 2),
        ("mpo.jpg", 2),
    ],
)
def test_pictures_of_their_own_are_counted(name: str, count: int) -> None:
    assert frames(drive_file(PICTURES / name)) == count
    assert frames(drive_file(PICTURES / name, free=False)) == count


@pytest.mark.parametrize(
    "segment",
    [
        xmp(HDRGM),
        app(2, ISO + bytes(61)),
        xmp(APPLE),
        xmp(b"<apdi:AuxiliaryImageType>urn:com:apple:photo:2018:aux:portraiteffectsmatte</apdi:AuxiliaryImageType>"),
        xmp(b'<rdf:Description xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"/>'),
        app(1, b"Exif\0\0" + bytes(8000)) + xmp(HDRGM),
    ],
    ids=["hdrgm", "iso", "apple", "apple-matte", "apple-version", "after-exif"],
)
def test_a_gain_map_or_mask_says_itself_what_it_is(segment: bytes) -> None:
    assert frames(drive(with_second(UNDEFINED, second=segment)(PLAIN))) == 1


@pytest.mark.parametrize("kind", [UNDEFINED, DISPARITY, BASELINE, 0x020001, 0x020003])
def test_any_other_second_picture_is_one(kind: int) -> None:
    assert frames(drive(with_second(kind, second=xmp(b"nothing"))(PLAIN))) == 2


@pytest.mark.parametrize("kind", [THUMBNAIL, 0x010002, GAIN_MAP])
def test_the_index_may_say_that_a_picture_is_part_of_another(kind: int) -> None:
    assert frames(drive(with_second(kind)(PLAIN))) == 1


def test_the_index_may_be_in_either_byte_order_and_name_more_than_it_lists() -> None:
    index = b"MM\0*" + struct.pack(">IH", 8, 2) + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    index += struct.pack(">HHII", 0xB001, 4, 1, 3) + bytes(4)
    assert frames(drive(PLAIN[:20] + app(2, b"MPF\0" + index) + PLAIN[20:])) == 3


def test_a_gain_map_warns_of_nothing_and_a_stereo_photo_does() -> None:
    assert check(PICTURES / "ultra-hdr.jpg", "--strict").rules == set()
    assert check(PICTURES / "mpf-stereo.jpg").finding("image-animated")["severity"] == "warning"


def test_an_index_that_leads_anywhere_is_read_within_bounds() -> None:
    entries = b"".join(struct.pack("<IIIHH", 0, 1 << 31, at, 0, 0) for at in range(4000))
    index = b"II*\0" + struct.pack("<IH", 8, 2) + struct.pack("<HHII", 0xB001, 4, 1, 4000)
    index += struct.pack("<HHII", 0xB002, 7, len(entries), 38) + bytes(4) + entries
    driven = drive(PLAIN[:20] + app(2, b"MPF\0" + index[:65_000]) + PLAIN[20:], Kind.IMAGE)
    assert isinstance(driven.facts, ImageFacts)
    assert not {defect.kind for defect in driven.facts.defects} - {DefectKind.UNREADABLE}
    assert len(driven.required) < 10
