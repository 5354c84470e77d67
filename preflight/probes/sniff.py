"""Names the format of a file by its first bytes. Names are those that people search for; nothing is judged."""

from __future__ import annotations

import re
from typing import NamedTuple

from preflight.model import Family
from preflight.model.pointers import APPLE_DOUBLE, APPLE_DOUBLE_NAME, pointer_name

ISO_MEDIA_TYPES = frozenset(
    {
        b"ftyp",
        b"styp",
        b"moov",
        b"mdat",
        b"moof",
        b"sidx",
        b"free",
        b"skip",
        b"wide",
        b"pnot",
        b"uuid",
        b"emsg",
        b"prft",
    }
)
"""Box types that open an ISO base media or QuickTime file in the field."""

_PICTURE_BRANDS = {
    **dict.fromkeys((b"avif", b"avis", b"avio"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIC"),
    **dict.fromkeys((b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"1pic", b"unif"), "HEIF"),
    **dict.fromkeys((b"avci", b"avcs", b"vvic", b"vvis", b"evbi", b"evbs", b"evmi", b"evms"), "HEIF"),
    **dict.fromkeys((b"j2ki", b"j2is", b"jpeg", b"jpgs", b"jxsi", b"jxss"), "HEIF"),
    b"crx ": "CR3",
    b"jxl ": "JPEG XL",
    b"jp2 ": "JPEG 2000",
    b"jpx ": "JPEG 2000",
}
"""Brands of HEIF (ISO/IEC 23008-12 annexes B to L, AV1 Image File Format) and of other pictures in boxes."""
_GENERIC_BRANDS = frozenset({b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"1pic"})
"""Of any codec: the compatible brands say which."""
_VIDEO_BRANDS = re.compile(rb"iso[m2-9a-c]|mp4[12]|M4[VAPB] |qt  |avc1|dash|3g[2pegrs].|cmf.|MSNV|f4v |XAVC")
"""Brands beside which one of a picture says only that there is one in the file, too."""

_SIGNATURES: tuple[tuple[int, bytes, str, Family], ...] = (
    (0, b"\xff\xd8\xff", "JPEG", Family.PICTURE),
    (0, b"\x89PNG\r\n\x1a\n", "PNG", Family.PICTURE),
    (0, b"GIF87a", "GIF", Family.PICTURE),
    (0, b"GIF89a", "GIF", Family.PICTURE),
    (8, b"WEBP", "WebP", Family.PICTURE),
    (0, b"II\xbc", "JPEG XR", Family.PICTURE),
    (0, b"WMPHOTO\0", "JPEG XR", Family.PICTURE),
    (0, b"II*\0", "TIFF", Family.PICTURE),
    (0, b"MM\0*", "TIFF", Family.PICTURE),
    (0, b"II+\0", "TIFF", Family.PICTURE),
    (0, b"MM\0+", "TIFF", Family.PICTURE),
    (0, b"IIRO", "ORF", Family.PICTURE),
    (0, b"IIRS", "ORF", Family.PICTURE),
    (0, b"MMOR", "ORF", Family.PICTURE),
    (0, b"IIU\0", "RW2", Family.PICTURE),
    (0, b"FUJIFILMCCD-RAW", "RAF", Family.PICTURE),
    (0, b"\xff\x0a", "JPEG XL", Family.PICTURE),
    (4, b"JXL \r\n\x87\n", "JPEG XL", Family.PICTURE),
    (4, b"jP  \r\n\x87\n", "JPEG 2000", Family.PICTURE),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", Family.PICTURE),
    (0, b"8BPS", "Photoshop", Family.PICTURE),
    (0, b"\0\0\1\0", "ICO", Family.PICTURE),
    (0, b"\0\0\2\0", "CUR", Family.PICTURE),
    (0, b"icns", "ICNS", Family.PICTURE),
    (0, b"qoif", "QOI", Family.PICTURE),
    (0, b"DDS ", "DDS", Family.PICTURE),
    (0, b"v/1\x01", "OpenEXR", Family.PICTURE),
    (0, b"#?RADIANCE", "Radiance HDR", Family.PICTURE),
    (0, b"%!PS", "PostScript", Family.PICTURE),
    (0, b"gimp xcf", "XCF", Family.PICTURE),
    (8, b"AVI ", "AVI", Family.VIDEO),
    (0, b"FLV\x01", "FLV", Family.VIDEO),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media", Family.VIDEO),
    (0, b"\0\0\x01\xba", "MPEG-PS", Family.VIDEO),
    (0, b"\0\0\x01\xb3", "MPEG video", Family.VIDEO),
    (0, b"\x06\x0e\x2b\x34", "MXF", Family.VIDEO),
    (0, b".RMF", "RealMedia", Family.VIDEO),
    (0, b"DKIF", "IVF", Family.VIDEO),
    (0, b"YUV4MPEG2", "YUV4MPEG", Family.VIDEO),
    (0, b"ID3", "MP3", Family.AUDIO),
    (0, b"fLaC", "FLAC", Family.AUDIO),
    (8, b"WAVE", "WAV", Family.AUDIO),
    (8, b"AIFF", "AIFF", Family.AUDIO),
    (0, b"#!AMR", "AMR", Family.AUDIO),
    (0, APPLE_DOUBLE, APPLE_DOUBLE_NAME, Family.DOCUMENT),
    (0, b"\x00\x05\x16\x00", "AppleSingle", Family.ARCHIVE),
    (0, b"%PDF-", "PDF", Family.DOCUMENT),
    (0, b"#EXTM3U", "HLS playlist", Family.DOCUMENT),
    (0, b"PK\x03\x04", "ZIP", Family.ARCHIVE),
    (0, b"\x1f\x8b", "gzip", Family.ARCHIVE),
    (0, b"BZh", "bzip2", Family.ARCHIVE),
    (0, b"\xfd7zXZ\0", "xz", Family.ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard", Family.ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip", Family.ARCHIVE),
    (0, b"Rar!\x1a\x07", "RAR", Family.ARCHIVE),
    (257, b"ustar", "tar", Family.ARCHIVE),
)
_KILOBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of MPEG audio by version and layer; index 0 of a header means another one, which needs no name here."""

_JPEG_SEGMENT = re.compile(rb"\xff(?:\xe0\x00\x10JFIF\x00|\xe1..Exif\x00\x00|\xdb\x00[\x43\x84\xc5])", re.DOTALL)
_RIFF_NAMES = frozenset({"WebP", "AVI", "WAV"})
_TEXT_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}


class Sniffed(NamedTuple):
    """The name of a format and the family it belongs to. ``name`` is ``None`` for data of no known format."""

    name: str | None
    family: Family


ISO_MEDIA = Sniffed("ISO media", Family.VIDEO)
"""An ISO base media or QuickTime file that is not a picture; its own probe tells MP4 from MOV."""


def sniff(head: bytes) -> Sniffed:
    """The format that ``head``, the first bytes of a file, belongs to. The more bytes, the surer for text."""
    if not head:
        return Sniffed(None, Family.EMPTY)
    if head[4:8] in ISO_MEDIA_TYPES:
        return _iso_media(head)
    for offset, signature, name, family in _SIGNATURES:
        if head.startswith(signature, offset) and (name not in _RIFF_NAMES or head.startswith(b"RIFF")):
            return Sniffed(name, family)
    return _matroska(head) or _ogg(head) or _by_structure(head) or _text(head) or Sniffed(None, Family.UNKNOWN)


def _iso_media(head: bytes) -> Sniffed:
    if head[4:8] == b"ftyp":
        size = int.from_bytes(head[:4], "big")
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head), 256) - 3, 4))]
        is_major = brands[0] in _PICTURE_BRANDS
        picture = _PICTURE_BRANDS.get(brands[0])
        if not is_major and not any(map(_VIDEO_BRANDS.fullmatch, brands)):
            picture = next(filter(None, map(_PICTURE_BRANDS.get, brands)), None)
        if picture == "HEIF" and (not is_major or brands[0] in _GENERIC_BRANDS):
            named = map(_PICTURE_BRANDS.get, brands)
            picture = next((name for name in named if name in ("HEIC", "AVIF")), picture)
        if picture:
            return Sniffed(picture, Family.PICTURE)
    return ISO_MEDIA


def _matroska(head: bytes) -> Sniffed | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return Sniffed("WebM" if b"webm" in head[:96] else "Matroska", Family.VIDEO)


def _ogg(head: bytes) -> Sniffed | None:
    if not head.startswith(b"OggS"):
        return None
    return Sniffed("Ogg", Family.VIDEO if b"theora" in head[:512] else Family.AUDIO)


def _by_structure(head: bytes) -> Sniffed | None:
    """Formats without a signature of their own: recognised by parts that must repeat or agree."""
    for first, packet in ((0, 188), (4, 192)):
        if len(head) > first + packet and all(
            head[at] == 0x47 for at in range(first, min(len(head), 5 * packet), packet)
        ):
            return Sniffed("MPEG-TS", Family.VIDEO)
    if (
        head.startswith(b"BM")
        and len(head) >= 18
        and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124)
    ):
        return Sniffed("BMP", Family.PICTURE)
    if head.startswith(b"\xff\xd8") and _JPEG_SEGMENT.search(head, 2, 4 * 1024):
        return Sniffed("JPEG", Family.PICTURE)  # with stray bytes after its start marker
    if len(head) > 2 and head[0] == 0x50 and 0x31 <= head[1] <= 0x37 and head[2] in b" \t\r\n":
        return Sniffed("Netpbm", Family.PICTURE)
    if _is_targa(head):
        return Sniffed("Targa", Family.PICTURE)
    if head.startswith((b"\0\0\0\x01\x67", b"\0\0\0\x01\x27", b"\0\0\x01\x67", b"\0\0\0\x01\x40", b"\0\0\0\x01\x42")):
        return Sniffed("raw H.264/H.265 stream", Family.VIDEO)
    return _bare_audio(head)


def _is_targa(head: bytes) -> bool:
    """Whether a header without a signature agrees with itself: no palette, at the origin, of usual depth."""
    return (
        len(head) > 18
        and head[1:2] + head[3:12] == bytes(10)
        and head[2] in (2, 3, 10, 11)
        and 0 not in (int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little"))
        and head[16] in ((8,) if head[2] & 1 else (15, 16, 24, 32))
        and head[17] & 0xC0 == 0
    )


def _bare_audio(head: bytes) -> Sniffed | None:
    """MPEG audio without a container. A second frame must follow: any data may begin with ones, as the first does."""
    length = _adts_bytes(head) or _mpeg_audio_bytes(head)
    if not length or head[length : length + 1] != b"\xff" or (head[length + 1] ^ head[1]) & 0xFE:
        return None
    return Sniffed("AAC" if head[1] & 0xF6 == 0xF0 else "MP3", Family.AUDIO)


def _adts_bytes(head: bytes) -> int:
    """Length of the AAC frame (ISO/IEC 13818-7 §6.2) that ``head`` begins with; 0 if it does not."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 0xF > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if 7 < length < len(head) - 1 else 0


def _mpeg_audio_bytes(head: bytes) -> int:
    """Length of the MPEG audio frame (ISO/IEC 11172-3 §2.4.2.3) that ``head`` begins with; 0 if it does not."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer, rate, frequency = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3), head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or rate in (0, 15) or frequency == 3:
        return 0
    kilobits = _KILOBITS[1 if version == 3 else 2, layer][rate - 1]
    hertz = (44_100, 48_000, 32_000)[frequency] >> (3 - version if version else 2)
    padding = head[2] >> 1 & 1
    if layer == 1:
        length = (12_000 * kilobits // hertz + padding) * 4
    else:
        length = (72_000 if layer == 3 and version != 3 else 144_000) * kilobits // hertz + padding
    return length if length < len(head) - 1 else 0


def _text(head: bytes) -> Sniffed | None:
    pointer = pointer_name(head)
    if pointer:
        return Sniffed(pointer, Family.POINTER)
    sample = head.removeprefix(b"\xef\xbb\xbf")[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        sample = head[:4096].decode("utf-16", "replace").encode()
    if not sample or any(byte in _TEXT_CONTROLS for byte in sample):
        return None
    start = sample.lstrip().lower()
    if b"<svg" in start and start.startswith(b"<"):
        return Sniffed("SVG", Family.PICTURE)
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title")) or b"<html" in start:
        return Sniffed("HTML", Family.DOCUMENT)
    if start.startswith((b"<?xml", b"<error", b"<")):
        return Sniffed("XML", Family.DOCUMENT)
    if start.startswith((b"{", b"[")):
        return Sniffed("JSON", Family.DOCUMENT)
    try:
        sample[: len(sample) - 3 if len(sample) > 3 else None].decode()
    except UnicodeDecodeError as error:
        if error.start < max(len(sample) - 8, 1):
            return None
    return Sniffed("text", Family.DOCUMENT)
