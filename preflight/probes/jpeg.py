"""JPEG (ITU-T T.81 Annex B): a walk over marker segments up to the first scan, and a look for the end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from preflight.model import Defect, DefectKind, Family, ImageFacts, Span
from preflight.model.facts import MediaError
from preflight.probes import limits, tiff
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.pillow import Picture, identify_jpeg

_SOI, _EOI, _SOS, _APP1, _APP2, _APP14 = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xEE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15; DHT, JPG and DAC share the range."""
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_USUAL_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_CODINGS = {0xC3: "lossless", 0xC9: "arithmetic-coded", 0xCA: "arithmetic-coded", 0xCB: "arithmetic-coded and lossless"}
_HIERARCHICAL = 0xDE
_MAX_FILL_BYTES = 64 * limits.KIB
_MAX_SKELETON_BYTES = 256 * limits.KIB
_END = b"\xff\xd9"


@dataclass(slots=True)
class _Seen:
    """What the walk has seen so far."""

    skeleton: bytearray = field(default_factory=lambda: bytearray(b"\xff\xd8"))
    sizes: list[tuple[int, int]] = field(default_factory=list)
    bit_depth: int | None = None
    orientation: int | None = None
    pictures: int = 1
    scan: int | None = None
    complete: bool | None = None
    defects: list[Defect] = field(default_factory=list)

    def add(self, kind: DefectKind, message: str, offset: int, where: str) -> None:
        if len(self.defects) < limits.MAX_DEFECTS:
            self.defects.append(Defect(kind=kind, message=message, offset=offset, where=where))


def probe_jpeg(cursor: Cursor) -> Generator[Span, bytes, ImageFacts]:
    """Everything a JPEG says before its first scan, and whether it ends. Never raises.

    Metadata is jumped over: a megabyte of it costs one more read, not a megabyte.
    """
    seen, picture = _Seen(), None
    try:
        yield from _walk(cursor, seen)
        if seen.scan is not None and seen.sizes:
            picture = identify_jpeg(bytes(seen.skeleton))
            yield from _look_for_end(cursor, seen, seen.scan)
    except MediaError as error:
        seen.defects.append(error.defect)
    return _facts(cursor, seen, picture)


def _walk(cursor: Cursor, seen: _Seen) -> Generator[Span, bytes, None]:
    offset = 2
    for _ in range(limits.MAX_CHUNKS):
        marker, offset = yield from _next_marker(cursor, seen, offset)
        if marker is None:
            return
        if marker in _STANDALONE or marker == _SOI:
            continue
        if marker == _EOI:
            seen.add(DefectKind.CORRUPT, f"ends at byte {offset} before its first scan", offset, "EOI")
            return
        length = int.from_bytes((yield from cursor.read(offset, 2, ahead=limits.JUMP_SPAN_BYTES)), "big")
        if length < 2 or (cursor.size is not None and offset + length > cursor.size):
            _bad_length(cursor, seen, marker, offset, length)
            return
        yield from _visit(cursor, seen, marker, offset, length)
        if marker == _SOS:
            seen.scan = offset + length
            return
        offset += length
    give_up(f"has more than {limits.MAX_CHUNKS} segments", offset=offset)


def _next_marker(cursor: Cursor, seen: _Seen, offset: int) -> Generator[Span, bytes, tuple[int | None, int]]:
    """The marker at ``offset``, past any fill bytes (§B.1.1.2), and the offset after it."""
    start = offset
    while offset - start <= _MAX_FILL_BYTES:
        data = yield from cursor.read(offset, 256, ahead=_ahead(cursor))
        rest = data.lstrip(b"\xff")
        fill = len(data) - len(rest)
        if data and not fill:
            seen.add(DefectKind.CORRUPT, f"has no marker at byte {offset}", offset, "marker")
            return None, offset
        if rest:
            if rest[0]:
                return rest[0], offset + fill + 1
            seen.add(DefectKind.CORRUPT, f"has no marker at byte {offset}", offset, "marker")
            return None, offset
        if len(data) < 256:
            seen.complete = False
            message = f"is cut short: it ends at byte {offset + len(data)}, before its first scan"
            seen.add(DefectKind.TRUNCATED, message, offset, "marker")
            return None, offset
        offset += fill - 1  # the last one may begin the marker
    give_up(f"has more than {_MAX_FILL_BYTES} fill bytes at byte {start}", offset=start)


def _ahead(cursor: Cursor) -> int:
    """How much to ask for after a jump: eight times more each time, for metadata comes in runs of 64 KiB segments."""
    return limits.JUMP_SPAN_BYTES << 3 * min(max(cursor.reads - 1, 0), 2)


def _bad_length(cursor: Cursor, seen: _Seen, marker: int, offset: int, length: int) -> None:
    if cursor.size is not None and offset + max(length, 2) > cursor.size:
        seen.complete = False
        message = f"is cut short: segment FF{marker:02X} ends at byte {offset + length}, the file at {cursor.size}"
        seen.add(DefectKind.TRUNCATED, message, offset, f"FF{marker:02X}")
    else:
        message = f"has segment FF{marker:02X} at byte {offset} with the impossible length {length}"
        seen.add(DefectKind.CORRUPT, message, offset, f"FF{marker:02X}")


def _visit(cursor: Cursor, seen: _Seen, marker: int, offset: int, length: int) -> Generator[Span, bytes, None]:
    if marker in _FRAMES:
        _visit_frame(seen, marker, offset, (yield from cursor.read(offset, length)))
    elif marker in (_APP14, _SOS):
        if marker == _SOS and not seen.sizes:
            seen.add(DefectKind.CORRUPT, f"has a scan at byte {offset} without a frame header", offset, "SOS")
        if marker == _SOS or len(seen.skeleton) < _MAX_SKELETON_BYTES:
            seen.skeleton += bytes((0xFF, marker)) + (yield from cursor.read(offset, length))
    elif marker == _HIERARCHICAL:
        seen.add(DefectKind.AMBIGUOUS, "is hierarchical: frames of several sizes make one picture", offset, "DHP")
    elif marker in (_APP1, _APP2):
        name = yield from cursor.read(offset + 2, 6)
        if name == b"Exif\0\0" and seen.orientation is None:
            value = tiff.integers((yield from cursor.read(offset + 8, length - 8))).get(tiff.ORIENTATION)
            seen.orientation = value if value in range(1, 9) else None
        elif name[:4] == b"MPF\0":
            values = tiff.integers((yield from cursor.read(offset + 6, length - 6)))
            seen.pictures = max(1, values.get(tiff.NUMBER_OF_IMAGES, 1))


def _visit_frame(seen: _Seen, marker: int, offset: int, data: bytes) -> None:
    if len(data) < 8:
        seen.add(DefectKind.CORRUPT, f"has a frame header of {len(data)} bytes", offset, "SOF")
        return
    height, width = int.from_bytes(data[3:5], "big"), int.from_bytes(data[5:7], "big")
    if marker not in _USUAL_FRAMES:
        coding = _CODINGS.get(marker, "hierarchical")
        message = f"is {coding} JPEG (FF{marker:02X}), which browsers and many image libraries do not show"
        seen.add(DefectKind.AMBIGUOUS, message, offset, "SOF")
    seen.bit_depth = seen.bit_depth or data[2]
    if len(seen.sizes) < limits.MAX_DEFECTS:
        seen.sizes.append((width, height))
        seen.skeleton += bytes((0xFF, marker)) + data
    if len(seen.sizes) > 1:
        first, last = seen.sizes[0], seen.sizes[-1]
        message = f"has a second frame header at byte {offset}: {first[0]}x{first[1]} and {last[0]}x{last[1]}"
        seen.add(DefectKind.AMBIGUOUS, message, offset, "SOF")


def _look_for_end(cursor: Cursor, seen: _Seen, scan: int) -> Generator[Span, bytes, None]:
    """Search backwards for the end marker, which cannot occur inside entropy-coded data (§B.1.1.2).

    Bytes after it are common (padding, a motion photo's clip). Where reading is not free the answer stays open.
    """
    if cursor.size is None:
        return
    end = cursor.size
    after = b""
    while end > scan:
        start = max(scan, end - limits.TAIL_SPAN_BYTES)
        data = yield from cursor.read_optional(start, end - start)
        if data is None:
            return
        if _END in data + after[:1]:
            seen.complete = True
            return
        after, end = data, start
    seen.complete = False
    seen.add(DefectKind.TRUNCATED, f"is cut short: it ends at byte {cursor.size} without the end marker", scan, "EOI")


def _facts(cursor: Cursor, seen: _Seen, picture: Picture | None) -> ImageFacts:
    width, height = seen.sizes[0] if seen.sizes else (None, None)
    if picture and len(seen.sizes) == 1:
        width, height = picture.width, picture.height
    return ImageFacts(
        container="JPEG",
        family=Family.PICTURE,
        size_bytes=cursor.size,
        width=width,
        height=height,
        orientation=seen.orientation,
        color_mode=picture.mode if picture else None,
        bit_depth=seen.bit_depth,
        frames=seen.pictures,
        complete=seen.complete,
        sizes=tuple(seen.sizes),
        defects=tuple(seen.defects),
    )
