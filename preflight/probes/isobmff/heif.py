"""The size of a HEIF picture (ISO/IEC 23008-12): HEIC, AVIF."""

from __future__ import annotations

from collections.abc import Generator

from preflight.model import Span
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import HEADER_BYTES, Box, children_in, looks_like_box, parse_header, payload

_FULL_BOX_BYTES = 4


def read_heif_size(cursor: Cursor) -> Generator[Span, bytes, tuple[int, int] | None]:
    """The largest ``ispe`` (§6.5.3.1): a picture made of tiles lists the tiles' size beside its own.

    Raises ``MediaError`` for broken boxes before ``meta``.
    """
    meta = yield from _find_meta(cursor)
    if meta is None:
        return None
    data = yield from payload(cursor, meta, at_most=limits.FIRST_SPAN_BYTES)
    sizes = [
        (int.from_bytes(ispe[4:8], "big"), int.from_bytes(ispe[8:12], "big"))
        for iprp in _named(data, _FULL_BOX_BYTES, "iprp")
        for ipco in _named(iprp, 0, "ipco")
        for ispe in _named(ipco, 0, "ispe")
        if len(ispe) >= 12
    ]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _find_meta(cursor: Cursor) -> Generator[Span, bytes, Box | None]:
    offset = 0
    for _ in range(limits.MAX_SPANS):
        header = yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES)
        if not looks_like_box(header):
            return None
        box = parse_header(header, offset, cursor.size)
        if box.fourcc == "meta":
            return box
        offset = box.end
    return None


def _named(data: bytes, start: int, fourcc: str) -> list[bytes]:
    return [body for name, body in children_in(data, start, fourcc) if name == fourcc]
