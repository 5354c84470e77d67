"""Names the format of a file by its first bytes. Names are those that people search for; nothing is judged."""

from __future__ import annotations

import re

from preflight.lazy import pattern
from preflight.model import Family
from preflight.model.named_tuple import NamedTuple
from preflight.model.pointers import pointer_name
from preflight.probes.signatures import SIGNATURES

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
_VIDEO_BRANDS = pattern(rb"iso[m2-9a-c]|mp4[12]|M4[VAPB] |qt  |avc1|dash|3g[2pegrs].|cmf.|MSNV|f4v |XAVC")
"""Brands beside which one of a picture says only that there is one in the file, too."""

_KILOBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of MPEG audio by version and layer; index 0 of a header means another one, which needs no name here."""

_JPEG_SEGMENT = pattern(rb"\xff(?:\xe0\x00\x10JFIF\x00|\xe1..Exif\x00\x00|\xdb\x00[\x43\x84\xc5])", re.DOTALL)
_RIFF_NAMES = frozenset({"WebP", "AVI", "WAV", "Video CD"})
_RIFFS = (b"RIFF", b"RF64", b"BW64")
_ICONS = frozenset({"ICO", "CUR"})
_ICON_DIRECTORY_BYTES = 22
_RAW_STREAM = pattern(rb"\0?\0\0\x01(?:[\x67\x27\x40\x42]|\x09[\x10-\xf0]|\x46\x01)")
"""Sets of parameters, or a delimiter before them, with a start code (ITU-T H.264 and H.265, Annex B)."""
_OGG_PICTURES = pattern(rb"\x80theora|OVP80|BBCD\0|\x80daala|\x01video\0|\0\0video/")
"""How the first packet of a picture's stream begins: Theora, VP8, Dirac, Daala, OGM; and as a skeleton names it."""
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title")
_HTML_ELEMENTS = frozenset(
    b"a b body br center div font form h1 h2 h3 head hr html iframe img link meta noscript p pre script span "
    b"style table title".split()
)
"""Elements that servers begin a page with."""
_XBM = pattern(rb"#define [^\s]{0,80}_width\s+\d+")
_MARKUP = pattern(rb"\s*(?:(<\?|<!--|<!doctype)|<([a-z_][\w:.-]{0,80}))", re.IGNORECASE)
_DOCTYPE_HTML = pattern(rb"\s+html", re.IGNORECASE)
_ENDS = {b"<?": b"?>", b"<!--": b"-->", b"<!doctype": b">"}
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
    for offset, signature, name, family in SIGNATURES:
        if head.startswith(signature, offset) and _agrees(head, name):
            return Sniffed(name, family)
    return _matroska(head) or _ogg(head) or _by_structure(head) or _text(head) or Sniffed(None, Family.UNKNOWN)


def _agrees(head: bytes, name: str) -> bool:
    """Whether more than a short signature speaks for the format called ``name``."""
    if name in _RIFF_NAMES:
        return head.startswith(_RIFFS)
    if name in _ICONS:  # ICONDIR: pictures, and where the first of them lies, after the directory
        pictures, begins = int.from_bytes(head[4:6], "little"), int.from_bytes(head[18:22], "little")
        return len(head) < _ICON_DIRECTORY_BYTES or begins >= 6 + 16 * pictures > 6
    return True


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
    return Sniffed("Ogg", Family.VIDEO if _OGG_PICTURES.search(head, 0, 4096) else Family.AUDIO)


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
    if _RAW_STREAM.match(head):
        return Sniffed("raw H.264/H.265 stream", Family.VIDEO)
    return _bare_audio(head)


def _is_targa(head: bytes) -> bool:
    """Whether a header without a signature agrees with itself: at the origin, of usual depth, its palette too."""
    if len(head) <= 18 or head[8:12] != bytes(4):
        return False
    if head[1] == 1:
        entries = int.from_bytes(head[5:7], "little")
        is_known = head[2] in (1, 9) and head[3:5] == b"\0\0" and 0 < entries <= 256 and head[7] in (15, 16, 24, 32)
    else:
        is_known = head[2] in (2, 3, 10, 11) and head[1:2] + head[3:8] == bytes(6)
    return (
        is_known
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
    named = _document(head, sample.lstrip())
    if named:
        return named
    try:
        sample[: len(sample) - 3 if len(sample) > 3 else None].decode()
    except UnicodeDecodeError as error:
        if error.start < max(len(sample) - 8, 1):
            return None
    return Sniffed("text", Family.DOCUMENT)


def _document(head: bytes, sample: bytes) -> Sniffed | None:
    start, root = sample.lower(), _root(head)
    if root == b"svg":
        return Sniffed("SVG", Family.PICTURE)
    if root in _HTML_ELEMENTS or start.startswith(_HTML) or b"<html" in start:
        return Sniffed("HTML", Family.DOCUMENT)
    if _XBM.match(sample):
        return Sniffed("XBM", Family.PICTURE)
    if start.startswith((b"<?xml", b"<error", b"<")):
        return Sniffed("XML", Family.DOCUMENT)
    if start.startswith((b"{", b"[")):
        return Sniffed("JSON", Family.DOCUMENT)
    return None


def _root(head: bytes) -> bytes:
    """The name of a document's outermost element, without its prefix; ``b""`` where none begins.

    A page that draws its logo within has ``<svg`` in it and is a page; a drawing may begin with a long comment.
    """
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = text.decode("utf-16", "replace").encode()
    at = 0
    while found := _MARKUP.match(text, at):
        if found[2] is not None:
            return found[2].rpartition(b":")[2].lower()
        opened = found[1].lower()
        if opened == b"<!doctype" and _DOCTYPE_HTML.match(text, found.end()):
            return b"html"
        end = text.find(_ENDS[opened], found.end())
        subset = text.find(b"[", found.end(), max(end, 0))
        if opened == b"<!doctype" and subset >= 0:
            end = text.find(b"]>", subset) + 1 or -1
        if end < 0:
            return b""
        at = text.find(b">", end) + 1
    return b""
