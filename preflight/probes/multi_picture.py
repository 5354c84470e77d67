"""The pictures that a JPEG holds beside its first (Multi-Picture Format, CIPA DC-007): which are pictures of their own.

Phones keep a gain map there, with which a bright screen shows more than a usual one (Ultra HDR, ISO 21496-1, Apple's),
or depths and masks; cameras keep a thumbnail. None of them is another picture of the scene, as the halves of a stereo
photo are.
"""

from __future__ import annotations

from collections.abc import Generator

from preflight.model import Span
from preflight.probes import limits, tiff
from preflight.probes.cursor import Cursor

ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
"""Name of the APP2 segment of ISO 21496-1, in the picture and in its gain map."""
HDRGM = b"hdrgm:Version="
"""In the XMP of an Ultra HDR picture and of its gain map."""

_AUXILIARY_MARKS = (
    ISO_GAIN_MAP,
    HDRGM,
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"http://ns.apple.com/HDRGainMap/1.0/",
    b"urn:com:apple:photo:2020:aux:hdrgainmap",
    b"urn:com:apple:photo:2018:aux:",
    b"urn:com:apple:photo:2019:aux:",
)
_AUXILIARY_TYPES = frozenset({0x01, 0x05})
"""High byte of an MP type (§5.2.3.3.1): large thumbnails, and the gain map of newer editions."""
_ENTRY_BYTES = 16
_MAX_LOOKED_AT = 4


def count_pictures(cursor: Cursor, index: bytes, at: int, *, has_gain_map: bool) -> Generator[Span, bytes, int]:
    """How many pictures a JPEG holds, at least one, without those that are part of another.

    ``index`` is the TIFF structure of its MPF segment, which begins at byte ``at``. ``has_gain_map``: the first
    picture says that there is one. Where neither it nor the index tells, the beginning of a picture does.
    """
    stated = tiff.integers(index).get(tiff.NUMBER_OF_IMAGES, 1)
    order = tiff.byte_order(index)
    entries = tiff.value(index, tiff.MP_ENTRIES)
    if stated < 2 or order is None or (has_gain_map and stated == 2):
        return 1
    listed = min(stated, len(entries) // _ENTRY_BYTES)
    count, looked_at = 1 + stated - max(listed, 1), 0
    for start in range(_ENTRY_BYTES, _ENTRY_BYTES * listed, _ENTRY_BYTES):
        entry = entries[start : start + _ENTRY_BYTES]
        if int.from_bytes(entry[:4], order) >> 16 & 0xFF in _AUXILIARY_TYPES:
            continue
        length, offset = int.from_bytes(entry[4:8], order), at + int.from_bytes(entry[8:12], order)
        looked_at += 1
        if looked_at > _MAX_LOOKED_AT or (yield from _is_picture(cursor, offset, length)):
            count += 1
    return count


def _is_picture(cursor: Cursor, offset: int, length: int) -> Generator[Span, bytes, bool]:
    """Whether a picture of its own begins there: some programs keep the index and drop the pictures it lists."""
    if cursor.size is not None and offset + 2 > cursor.size:
        return False
    head = yield from cursor.read(offset, min(length, limits.JUMP_SPAN_BYTES))
    return head.startswith(b"\xff\xd8") and not any(mark in head for mark in _AUXILIARY_MARKS)
