"""The markers of a JPEG after its first scan has begun (ITU-T T.81 §B.1.1.2), by the rules of libjpeg."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.model import Defect, DefectKind
from preflight.probes import jpeg_segments

SECOND_SOI = "has a second start marker (FFD8) at byte {}: libjpeg refuses it, and with it Pillow, OpenCV and browsers"
_SOI, _EOI, _TEM, _HIERARCHICAL = 0xD8, 0xD9, 0x01, 0xDE
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
_END = re.compile(rb"(?:\xff([\x01-\xfe]))?\xff\xd9", re.DOTALL)
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
    return any(_taker(found, left) is None for found in _END.finditer(data))


def marker_before_end(data: bytes, left: int) -> int | None:
    """The marker without a segment that libjpeg gives an end marker in ``data`` to, as a length beyond the file."""
    return next(filter(None, (_taker(found, left) for found in _END.finditer(data))), None)


def _taker(found: re.Match[bytes], left: int) -> int | None:
    marker = found[1][0] if found[1] else None
    has_room = found.end() - 2 + _END_AS_LENGTH <= left
    return None if has_room or marker not in jpeg_segments.WITH_LENGTH else marker


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
