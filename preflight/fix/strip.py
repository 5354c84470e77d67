"""Drops the further pictures of a file without decoding the first, whose bytes stay the same."""

from __future__ import annotations

from collections.abc import Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_MPF = b"MPF\x00"


def strip_png(data: bytes) -> bytes | None:
    """A PNG without its animation (PNG 3rd edition, 11.3.6): its default image. ``None`` for a damaged PNG."""
    if not data.startswith(_PNG_SIGNATURE):
        return None
    parts, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return None
        fourcc = data[at + 4 : at + 8]
        if fourcc not in _ANIMATION:
            parts.append(data[at:end])
        if fourcc == b"IEND":
            return b"".join(parts)
        at = end
    return None


def strip_jpeg(data: bytes) -> bytes | None:
    """A JPEG up to its first end marker, without its index of further pictures (CIPA DC-007, ``MPF`` in APP2).

    ``None`` for a damaged JPEG.
    """
    if not data.startswith(b"\xff\xd8"):
        return None
    parts = [b"\xff\xd8"]
    end = 2
    for start, end, marker in _segments(data):
        body = data[start:end]
        if not (marker == 0xE2 and body[4:8] == _MPF):
            parts.append(body)
        if marker == 0xD9:
            return b"".join(parts)
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(start, end, marker) of each segment (ITU-T T.81, B.1); entropy-coded data belongs to the scan before it."""
    at = 2
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:
            yield at, at + 2, marker
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            return
        if marker == 0xDA:
            end = _end_of_scan(data, end)
        yield at, end, marker
        at = end


def _end_of_scan(data: bytes, at: int) -> int:
    """Where entropy-coded data ends: at the first marker that is neither a stuffed byte nor a restart."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7 and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2
    return len(data)
