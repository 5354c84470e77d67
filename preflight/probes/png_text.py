"""Text and colour profiles of a PNG (W3C PNG third edition §11.3.3): their inflated length, and Exif written as text.

Inflation is bounded by what Pillow takes, so it costs a megabyte at most at a time.
"""

from __future__ import annotations

import zlib

from preflight.model.named_tuple import NamedTuple
from preflight.probes import limits, tiff

COMPRESSED = frozenset({"zTXt", "iTXt", "iCCP"})
NAMES = COMPRESSED | {"tEXt"}
MAX_INFLATED_BYTES = limits.MIB
"""Of one chunk: Pillow refuses a file with a chunk that inflates to more (``PngImagePlugin.MAX_TEXT_CHUNK``)."""
MAX_TEXT_BYTES = 64 * limits.MIB
"""Of all text of a file: Pillow refuses more (``PngImagePlugin.MAX_TEXT_MEMORY``)."""

_RAW_PROFILES = frozenset({b"Raw profile type exif", b"Raw profile type APP1"})
_EXIF = b"Exif\0\0"


class Text(NamedTuple):
    """A chunk of text. ``refusal`` is why Pillow refuses it, in words that follow the chunk's name."""

    keyword: bytes
    data: bytes = b""
    refusal: str | None = None


def read_text(name: str, body: bytes) -> Text:
    """The text of ``zTXt``, ``iTXt`` or ``tEXt``, or the profile of ``iCCP``; empty where it does not inflate."""
    keyword, _, rest = body.partition(b"\0")
    if name == "tEXt":
        return Text(keyword, rest)
    if name == "iTXt":
        language = rest[2:].split(b"\0", 2)  # language, keyword in it, text
        if len(rest) < 2 or len(language) < 3 or (rest[0] and rest[1]):
            return Text(keyword)
        return _inflated(keyword, language[2]) if rest[0] else Text(keyword, language[2])
    if name == "iCCP" and not rest:
        return Text(keyword, refusal="has no compression method")
    if rest[:1] not in (b"\0", b""):
        return Text(keyword, refusal=f"has the unknown compression method {rest[0]}")
    return _inflated(keyword, rest[1:])


def characters(name: str, text: Text) -> int:
    """How much of what Pillow keeps of all text of a file this chunk takes."""
    if name == "iCCP" or not text.keyword:
        return 0
    if name != "iTXt":
        return len(text.data)
    try:
        return len(text.data.decode())
    except UnicodeDecodeError:
        return 0


def orientation(text: Text) -> int | None:
    """The orientation in Exif that ImageMagick writes as hexadecimal text: a name, a length, then the digits."""
    if text.keyword not in _RAW_PROFILES:
        return None
    *_, digits = text.data.lstrip(b"\n").split(b"\n", 2)
    try:
        exif = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return None
    return tiff.orientation(exif.removeprefix(_EXIF))


def _inflated(keyword: bytes, data: bytes) -> Text:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, MAX_INFLATED_BYTES)
    except zlib.error:
        return Text(keyword)
    if stream.unconsumed_tail:
        return Text(keyword, text, f"inflates to more than the {MAX_INFLATED_BYTES} bytes that Pillow takes")
    return Text(keyword, text)
