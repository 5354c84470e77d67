"""The size of a HEIF picture (ISO/IEC 23008-12): HEIC, AVIF and the other codecs, single pictures and sequences."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from preflight.model import Span
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import (
    HEADER_BYTES,
    Box,
    children,
    children_in,
    looks_like_box,
    parse_header,
    payload,
)

Size = tuple[int, int]
Property = tuple[str, bytes]

_FULL_BOX_BYTES = 4
_MAX_META_BYTES = 256 * limits.KIB
_TURNED = frozenset({5, 6, 7, 8})
"""Values of Exif's orientation that exchange the sides."""


def read_heif_size(cursor: Cursor) -> Generator[Span, bytes, Size | None]:
    """The size at which the primary picture is shown: cropped and turned. Of a sequence without one, its track's.

    Raises ``MediaError`` for broken boxes before ``meta``.
    """
    meta = yield from _find(cursor, frozenset({"meta", "mini", "moov"}))
    if meta is None:
        return None
    if meta.fourcc == "moov":
        return (yield from _track_size(cursor, meta))
    data = yield from payload(cursor, meta, at_most=_MAX_META_BYTES)
    if meta.fourcc == "mini":
        return _minimized_size(data)
    return _primary_size(data)


def read_codestream(cursor: Cursor, *fourccs: str) -> Generator[Span, bytes, Box | None]:
    """The first box of a type at the top level, in JPEG XL and JPEG 2000 files, too."""
    return (yield from _find(cursor, frozenset(fourccs)))


def _find(cursor: Cursor, fourccs: frozenset[str]) -> Generator[Span, bytes, Box | None]:
    offset = 0
    for _ in range(limits.MAX_SPANS):
        header = yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES)
        if not looks_like_box(header):
            return None
        box = parse_header(header, offset, cursor.size)
        if box.fourcc in fourccs:
            return box
        offset = box.end
    return None


def _primary_size(meta: bytes) -> Size | None:
    """``pitm`` (ISO/IEC 14496-12 §8.11.4) names the item, ``ipma`` its properties in the order in which they apply."""
    boxes = dict(reversed([*children_in(meta, _FULL_BOX_BYTES, "meta")]))
    inside = [*children_in(boxes.get("iprp", b""), 0, "iprp")]
    properties = [prop for name, body in inside if name == "ipco" for prop in children_in(body, 0, "ipco")]
    primary = _item_id(boxes.get("pitm", b""))
    size: Size | None = None
    for index in (index for name, body in inside if name == "ipma" for index in _associated(body, primary)):
        if 1 <= index <= len(properties):
            size = _applied(properties[index - 1], size)
    if size is not None:
        return size
    sizes = [_applied(prop, None) for prop in properties if prop[0] == "ispe"]
    return max(filter(None, sizes), key=lambda each: each[0] * each[1], default=None)


def _item_id(pitm: bytes) -> int:
    return int.from_bytes(pitm[4:8] if pitm[:1] == b"\1" else pitm[4:6], "big")


def _associated(ipma: bytes, item: int) -> Iterator[int]:
    """Indexes, from 1 on, of the properties of an item (ISO/IEC 23008-12 §9.3.1)."""
    if len(ipma) < 8:
        return
    id_bytes, index_bytes = 4 if ipma[0] else 2, 2 if ipma[3] & 1 else 1
    at = 8
    for _ in range(int.from_bytes(ipma[4:8], "big")):
        end = at + id_bytes + 1
        if end > len(ipma):
            return
        count = ipma[end - 1]
        if int.from_bytes(ipma[at : at + id_bytes], "big") == item:
            for start in range(end, min(end + count * index_bytes, len(ipma) - index_bytes + 1), index_bytes):
                index = int.from_bytes(ipma[start : start + index_bytes], "big")
                yield index & (0x7FFF if index_bytes == 2 else 0x7F)  # the first bit: whether it is essential
            return
        at = end + count * index_bytes


def _applied(prop: Property, size: Size | None) -> Size | None:
    """``size`` after a property: ``ispe`` says it (§6.5.3), ``clap`` crops (§6.5.9), ``irot`` turns (§6.5.10)."""
    name, body = prop
    numbers = [int.from_bytes(body[at : at + 4], "big") for at in range(0, len(body) - 3, 4)]
    if name == "ispe" and len(numbers) >= 3:
        return (numbers[1], numbers[2]) if numbers[1] and numbers[2] else None
    if size is None:
        return None
    if name == "irot" and body and body[0] & 1:
        return size[1], size[0]
    if name == "clap" and len(numbers) >= 4 and numbers[1] and numbers[3]:
        width, height = numbers[0] // numbers[1], numbers[2] // numbers[3]
        return (width, height) if 0 < width <= size[0] and 0 < height <= size[1] else size
    return size


def _minimized_size(mini: bytes) -> Size | None:
    """``mini`` (ISO/IEC 23008-12:2025): one picture in a few bits, in place of ``meta``; turned as it says."""
    bits = int.from_bytes(mini[:6].ljust(6, b"\0"), "big")
    if len(mini) < 5:
        return None
    orientation = (bits >> 32 & 7) + 1
    length = 15 if bits >> 31 & 1 else 7
    width = (bits >> 31 - length & (1 << length) - 1) + 1
    height = (bits >> 31 - 2 * length & (1 << length) - 1) + 1
    return (height, width) if orientation in _TURNED else (width, height)


def _track_size(cursor: Cursor, moov: Box) -> Generator[Span, bytes, Size | None]:
    """The size at which the first track that has one is shown (ISO/IEC 14496-12 §8.3.2)."""
    tracks = [box for box in (yield from children(cursor, moov)) if box.fourcc == "trak"]
    for track in tracks[: limits.MAX_TRACKS]:
        for box in (yield from children(cursor, track, wanted=frozenset({"tkhd"}))):
            if box.fourcc == "tkhd":
                header = yield from payload(cursor, box)
                at = 88 if header[:1] == b"\1" else 76
                width, height = (int.from_bytes(header[each : each + 4], "big") >> 16 for each in (at, at + 4))
                if width and height:
                    return width, height
    return None
