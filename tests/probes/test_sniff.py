"""Names for first bytes: what begins with ones is not sound, and text in two bytes a letter is text."""

from __future__ import annotations

import pytest

from preflight.model import Family
from preflight.probes.sniff import sniff

PAGE = "<!DOCTYPE html><html lang=en><title>Sign in</title></html>"
MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)
"""MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes (ISO/IEC 11172-3 §2.4.2.3)."""
MP2_FRAME = b"\xff\xfd\xa4\x04" + bytes(572)
"""Layer II, 192 kbit/s, 48 kHz: 576 bytes."""
MPEG_2_FRAME = b"\xff\xf3\x40\xc4" + bytes(100)
"""MPEG 2, layer III, 32 kbit/s, 22.05 kHz: 104 bytes."""
AAC_FRAME = b"\xff\xf1\x50\x80\x04\x1f\xfc" + bytes(25)
"""ADTS, 32 bytes."""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("text", "name"), [(PAGE, "HTML"), ('{"error": "gone"}', "JSON"), ("not found", "text")])
def test_text_of_two_bytes_a_letter_is_named_by_what_it_says(text: str, name: str, encoding: str) -> None:
    marked = text if encoding == "utf-16" else f"\ufeff{text}"
    assert sniff(marked.encode(encoding)) == (name, Family.DOCUMENT)


@pytest.mark.parametrize(
    ("frame", "name"),
    [(MP3_FRAME, "MP3"), (MP2_FRAME, "MP3"), (MPEG_2_FRAME, "MP3"), (AAC_FRAME, "AAC")],
    ids=["mp3", "layer-2", "mpeg-2", "aac"],
)
def test_sound_without_a_container_is_told_by_its_second_frame(frame: bytes, name: str) -> None:
    assert sniff(frame * 3) == (name, Family.AUDIO)
    assert sniff(frame + bytes(1000)).family is Family.UNKNOWN


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff" * 5000,
        b"\xff\xfb" + bytes(5000),
        b"\xff\xff\xff\xff" * 500,
        b"\xff\xe3\x18\xc4",
        b"\xff",
        b"\xff\xf1\x50",
    ],
    ids=["ones", "zeros-after-a-sync-word", "longer-ones", "one-header", "one-byte", "half-a-header"],
)
def test_data_that_begins_with_ones_is_of_no_known_format(junk: bytes) -> None:
    assert sniff(junk) == (None, Family.UNKNOWN)


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return (4 + len(body)).to_bytes(4, "big") + body + bytes(100)


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        *(
            ((brand, b"mif1"), "HEIC")
            for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
        ),
        *(((brand, b"mif1"), "AVIF") for brand in (b"avif", b"avis")),
        *(
            ((brand, b"mif1"), "HEIF")
            for brand in (b"avci", b"avcs", b"j2ki", b"j2is", b"jpeg", b"jpgs", b"vvic", b"vvis")
        ),
        *(((brand,), "HEIF") for brand in (b"mif1", b"mif2", b"mif3", b"msf1", b"evbi", b"unif")),
        *(((brand, b"heic"), "HEIC") for brand in (b"mif1", b"mif2", b"mif3", b"msf1", b"XXXX")),
        *(((brand, b"avif"), "AVIF") for brand in (b"mif1", b"mif3", b"miaf")),
        ((b"msf1", b"iso8", b"hevc"), "HEIC"),
    ],
    ids=lambda value: b"-".join(value).decode() if isinstance(value, tuple) else "",
)
def test_every_brand_of_heif_is_a_picture(brands: tuple[bytes, ...], name: str) -> None:
    """ISO/IEC 23008-12 annexes B to L; AV1 Image File Format §6."""
    assert sniff(ftyp(*brands)) == (name, Family.PICTURE)


@pytest.mark.parametrize(
    "brands",
    [
        (b"isom", b"iso2", b"avc1", b"mp41"),
        (b"mp42", b"mp41", b"mif1"),
        (b"qt  ", b"heic"),
        (b"iso6", b"dash", b"msf1"),
        (b"XXXX", b"isom", b"heic"),
        (b"XXXX",),
    ],
    ids=b"-".join,
)
def test_a_clip_that_holds_a_picture_too_is_a_clip(brands: tuple[bytes, ...]) -> None:
    assert sniff(ftyp(*brands)).family is Family.VIDEO


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"II\xbc\x01\x20\0\0\0", "JPEG XR"),
        (b"WMPHOTO\0", "JPEG XR"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000"),
        (b"IIRO\x08\0\0\0", "ORF"),
        (b"FUJIFILMCCD-RAW 0201", "RAF"),
        (b"\xff\xd8777\xff\xe0\0\x10JFIF\0", "JPEG"),
        (b"SDPX\0\0\x08\0V1.0", "DPX"),
        (b"\x8bJNG\r\n\x1a\n\0\0\0\x10JHDR", "JNG"),
        (b"SIMPLE  =                    T", "FITS"),
        (b"\x0a\x05\x01\x08\0\0\0\0\xdf\1", "PCX"),
        (b"/* XPM */\nstatic char *im[] = {\n", "XPM"),
        (b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0", "ICO"),
    ],
)
def test_other_pictures_are_named_by_their_first_bytes(head: bytes, name: str) -> None:
    assert sniff(head + bytes(100)) == (name, Family.PICTURE)


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\1\0\0\0\1\xe0\0\0\1\x68\0\0\0\0\x7f\0\0\0\0\0" + bytes(90),  # JBIG, not an icon
        b"\xff\xd8" + bytes(5000),
        b"\xff\xd8\xe0" * 500,
        bytes(4096),
        b"\0\0\x0b" + bytes(90),
    ],
)
def test_what_begins_like_a_picture_by_chance_is_none(head: bytes) -> None:
    assert sniff(head).family is Family.UNKNOWN


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"nut/multimedia container\0", "NUT"),
        (b"\0\0\0\0\x01\xbc\0\0\x01\x58", "GXF"),
        (b"\x12\0\x0a\x0a\0\0\0", "raw AV1 stream"),
        (b"\0\0\0\x01\x09\xf0\0\0\0\x01\x67", "raw H.264/H.265 stream"),
        (b"RIFF\0\0\0\0CDXAfmt ", "Video CD"),
        (b"OggS\0\2" + bytes(22) + b"OVP80\1\1\0", "Ogg"),
        (b"OggS\0\2" + bytes(22) + b"fishead\0" + bytes(900) + b"OggS\0\2" + bytes(22) + b"\x80theora", "Ogg"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_containers_of_clips_are_named_by_their_first_bytes(head: bytes, name: str) -> None:
    assert sniff(head + bytes(100)) == (name, Family.VIDEO)


DRAWING = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"<!DOCTYPE html>\n<html><body>" + DRAWING, "HTML"),
        (b"\n<!-- page --><!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>" + DRAWING, "HTML"),
        (b"<html>" + DRAWING, "HTML"),
        (b"<div class=login>" + DRAWING, "HTML"),
        (b"<h1>Not found</h1>", "HTML"),
        (b"<!-- a proxy -->\n<CENTER><B>Blocked</B></CENTER>", "HTML"),
        (b"<pre>404</pre>", "HTML"),
        (b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a '<b>'>]>" + DRAWING, "SVG"),
        (b"<!--" + b"<!-- " * 9000 + b"-->" + DRAWING, "SVG"),
        (b"\xef\xbb\xbf  <d:svg xmlns:d='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?><Error><Code>" + DRAWING, "XML"),
        (b"<!-- no end", "XML"),
        (b"<!doctype [" * 3000, "XML"),
    ],
    ids=[
        "page",
        "old-page",
        "element",
        "part",
        "heading",
        "centred",
        "preformatted",
        "entities",
        "comment",
        "prefix",
        "error",
        "open",
        "opens",
    ],
)
def test_markup_is_named_by_its_outermost_element(text: bytes, name: str) -> None:
    assert sniff(text).name == name
