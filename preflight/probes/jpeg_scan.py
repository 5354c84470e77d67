"""The markers of a JPEG after its first scan has begun (ITU-T T.81 §B.1.1.2), by the rules of libjpeg."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.model import Defect, DefectKind
from preflight.probes import jpeg_segments

SECOND_SOI = "has a second start marker (FFD8) at byte {}: libjpeg refuses it, and with it Pillow, OpenCV and browsers"
_SOI, _EOI, _TEM, _HIERARCHICAL = 0xD8, 0xD9, 0x01, 0xDE
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
"""Without the fill bytes before it: a search for one literal byte first is several times as fast."""
_END = b"\xff\xd9"
_END_AS_LENGTH = 0xFFD9
_TAKEN = jpeg_segments.KNOWN - {_HIERARCHICAL}


def defects(data: bytes, start: int, tables: jpeg_segments.Tables) -> Iterator[Defect]:
    """What no picture has among or after its pixels, up to its end marker. ``data`` begins at byte ``start``."""
    at = 0
    while found := _MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        offset = start + at - 2
        if marker == _SOI:
            yield _corrupt(SECOND_SOI.format(offset), offset, marker)
        if marker in (_SOI, _EOI):
            return
        if marker == _TEM:
            continue
        if marker not in _TAKEN:
            yield _unknown(marker, offset, tables)
            if marker >= jpeg_segments.FIRST_FRAME:
                return
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : end] if at + 2 <= end <= len(data) else None
        reason = tables.refused_later(marker, body)
        if reason is not None:
            yield _corrupt(f"{reason}, at byte {offset}", offset, marker)
        at = max(end, at)


def has_end(data: bytes, left: int) -> bool:
    """Whether an end marker is in ``data``, at whose start ``left`` bytes of the file are left."""
    return any(taker is None for taker in _takers(data, left))


def marker_before_end(data: bytes, left: int) -> int | None:
    """The marker without a segment that libjpeg gives an end marker in ``data`` to, as a length beyond the file."""
    return next(filter(None, _takers(data, left)), None)


def _takers(data: bytes, left: int) -> Iterator[int | None]:
    """For each end marker in ``data`` the marker before it that takes it for a length; ``None`` where none does."""
    at = data.find(_END)
    while at >= 0:
        has_room = at + _END_AS_LENGTH <= left
        is_taken = at >= 2 and data[at - 2] == 0xFF and data[at - 1] in jpeg_segments.WITH_LENGTH and not has_room
        yield data[at - 1] if is_taken else None
        at = data.find(_END, at + 2)


def _unknown(marker: int, offset: int, tables: jpeg_segments.Tables) -> Defect:
    """libjpeg steps over a low marker where it looks for a restart, and refuses every other."""
    message = f"has the marker FF{marker:02X} at byte {offset}, among its pixels"
    if marker < jpeg_segments.FIRST_FRAME and tables.is_restarted:
        kind, message = DefectKind.TOLERATED, f"{message}, which readers skip"
        return Defect(kind=kind, message=message, offset=offset, where=f"FF{marker:02X}")
    return _corrupt(f"{message}, which image libraries refuse", offset, marker)


def _corrupt(message: str, offset: int, marker: int) -> Defect:
    where = "SOI" if marker == _SOI else f"FF{marker:02X}"
    return Defect(kind=DefectKind.CORRUPT, message=message, offset=offset, where=where)
