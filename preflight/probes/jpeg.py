"""JPEG (ITU-T T.81 Annex B): a walk over marker segments up to the first scan, and a look for the end."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field

from preflight.model import Defect, DefectKind, Family, ImageFacts, Span
from preflight.model.facts import MediaError
from preflight.probes import jpeg_scan, jpeg_segments, limits, tiff
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.multi_picture import HDRGM, ISO_GAIN_MAP, count_pictures
from preflight.probes.pillow import Picture, identify_jpeg

_SOI, _EOI, _SOS, _APP1, _APP2, _APP14 = 0xD8, 0xD9, jpeg_segments.SOS, 0xE1, 0xE2, 0xEE
_TEM, _HIERARCHICAL, _JPEG_LS = 0x01, 0xDE, 0xF7
_USUAL_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_CODINGS = {0xC3: "lossless", 0xC9: "arithmetic-coded", 0xCA: "arithmetic-coded", 0xCB: "arithmetic-coded and lossless"}
_MAX_STRAY_BYTES = 64 * limits.KIB
_MAX_SKELETON_BYTES = 256 * limits.KIB
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)


@dataclass(slots=True, repr=False, eq=False)
class _Seen:
    """The facts that the walk has seen so far."""

    skeleton: bytearray = field(default_factory=lambda: bytearray(b"\xff\xd8"))
    sizes: list[tuple[int, int]] = field(default_factory=list)
    bit_depth: int | None = None
    orientation: int | None = None
    pictures: int = 1
    has_gain_map: bool = False
    index: tuple[int, bytes] | None = None
    """Where the TIFF structure of an MPF segment begins, and its bytes."""
    tables: jpeg_segments.Tables = field(default_factory=jpeg_segments.Tables)
    scan: int | None = None
    complete: bool | None = None
    defects: list[Defect] = field(default_factory=list)

    @property
    def is_corrupt(self) -> bool:
        return any(defect.kind is DefectKind.CORRUPT for defect in self.defects)

    def add(self, kind: DefectKind, message: str, offset: int, where: str) -> None:
        if sum(defect.kind is kind for defect in self.defects) < limits.MAX_DEFECTS:
            self.defects.append(Defect(kind=kind, message=message, offset=offset, where=where))


def probe_jpeg(cursor: Cursor) -> Generator[Span, bytes, ImageFacts]:
    """Everything a JPEG says before its first scan, and whether it ends. Never raises.

    Metadata is jumped over: a megabyte of it costs one more read, not a megabyte.
    """
    seen, picture = _Seen(), None
    try:
        yield from _walk(cursor, seen)
        if seen.scan is not None and seen.sizes:
            picture = _identify(seen)
            yield from _look_between_scans(cursor, seen, seen.scan)
            yield from _look_for_end(cursor, seen, seen.scan)
        if seen.index is not None:
            at, index = seen.index
            seen.pictures = yield from count_pictures(cursor, index, at, has_gain_map=seen.has_gain_map)
    except MediaError as error:
        seen.defects.append(error.defect)
    return _facts(cursor, seen, picture)


def _identify(seen: _Seen) -> Picture | None:
    try:
        return identify_jpeg(bytes(seen.skeleton))
    except MediaError:
        if seen.is_corrupt:
            return None  # the defect is already reported in better words
        raise


def _walk(cursor: Cursor, seen: _Seen) -> Generator[Span, bytes, None]:
    """The markers as libjpeg finds them: other bytes before a marker are skipped."""
    offset = 2
    for _ in range(limits.MAX_CHUNKS):
        marker, offset = yield from _next_marker(cursor, seen, offset)
        if marker is None:
            return
        if marker == _SOI:
            seen.add(DefectKind.CORRUPT, jpeg_scan.SECOND_SOI.format(offset - 2), offset - 2, "SOI")
            continue
        if marker in jpeg_segments.STANDALONE:
            if marker == _TEM:
                message = f"has the marker FF01 at byte {offset - 2}, which libjpeg skips and Pillow refuses"
                seen.add(DefectKind.DISPUTED, message, offset - 2, "TEM")
            continue
        if marker == _EOI:
            seen.add(DefectKind.CORRUPT, f"ends at byte {offset} before its first scan", offset, "EOI")
            return
        if marker not in jpeg_segments.KNOWN and marker != _JPEG_LS:
            message = f"has the marker FF{marker:02X} at byte {offset - 2}, which image libraries refuse"
            seen.add(DefectKind.CORRUPT, message, offset - 2, f"FF{marker:02X}")
        length = int.from_bytes((yield from cursor.read(offset, 2, ahead=limits.JUMP_SPAN_BYTES)), "big")
        if length < 2 and marker in jpeg_segments.SKIPPED:
            message = f"has segment FF{marker:02X} at byte {offset} with the impossible length {length}"
            seen.add(DefectKind.TOLERATED, f"{message}; readers go on after it", offset, f"FF{marker:02X}")
            offset += 2
            continue
        if length < 2 or (cursor.size is not None and offset + length > cursor.size):
            if marker not in jpeg_segments.KNOWN and marker != _JPEG_LS:
                return
            _bad_length(cursor, seen, marker, offset, length)
            return
        yield from _visit(cursor, seen, marker, offset, length)
        if marker == _SOS:
            seen.scan = offset + length
            return
        offset += length
    give_up(f"has more than {limits.MAX_CHUNKS} segments", offset=offset)


def _next_marker(cursor: Cursor, seen: _Seen, offset: int) -> Generator[Span, bytes, tuple[int | None, int]]:
    """The marker at or after ``offset``, past any fill bytes (§B.1.1.2), and the offset after it."""
    start, stray = offset, False
    while offset - start <= _MAX_STRAY_BYTES:
        data = yield from cursor.read(offset, 256, ahead=_ahead(cursor))
        found = _MARKER.search(data)
        before = data[: found.start()] if found else data
        stray = stray or bool(before.strip(b"\xff"))
        if found:
            if stray:
                _add_stray(seen, start, offset + found.start() - start, found[1][0])
            return found[1][0], offset + found.end()
        if len(data) < 256:
            seen.complete = False
            if stray:
                seen.add(DefectKind.CORRUPT, f"has no marker at byte {start} or after it", start, "marker")
            else:
                message = f"is cut short: it ends at byte {offset + len(data)}, before its first scan"
                seen.add(DefectKind.TRUNCATED, message, offset, "marker")
            return None, offset
        offset += len(data) - data.endswith(b"\xff")  # the last one may begin the marker
    if stray:
        give_up(f"has no marker in {_MAX_STRAY_BYTES} bytes from byte {start} on", offset=start, where="marker")
    give_up(f"has more than {_MAX_STRAY_BYTES} fill bytes at byte {start}", offset=start)


def _add_stray(seen: _Seen, start: int, count: int, marker: int) -> None:
    """Bytes that belong to no segment: a writer's slip, or the length of the segment before them is wrong."""
    are = f"has {count} stray bytes" if count > 1 else "has a stray byte"
    message = f"{are} before marker FF{marker:02X} at byte {start + count}"
    if start == 2:
        message += ": Pillow refuses such a file, libjpeg opens it"
        seen.add(DefectKind.DISPUTED, message, start, f"FF{marker:02X}")
    else:
        seen.add(DefectKind.TOLERATED, f"{message}, which readers skip", start, f"FF{marker:02X}")


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
    if marker in jpeg_segments.FRAMES or marker == _JPEG_LS:
        _visit_frame(seen, marker, offset, (yield from cursor.read(offset, length)))
    elif marker in jpeg_segments.CHECKED:
        _refuse(seen, seen.tables.add(marker, (yield from cursor.read(offset, length))[2:]), offset, marker)
    elif marker == _SOS:
        _visit_scan(seen, offset, (yield from cursor.read(offset, length)))
    elif marker == _APP14 and len(seen.skeleton) < _MAX_SKELETON_BYTES:
        seen.skeleton += bytes((0xFF, marker)) + (yield from cursor.read(offset, length))
    elif marker == _HIERARCHICAL:
        seen.add(DefectKind.AMBIGUOUS, "is hierarchical: frames of several sizes make one picture", offset, "DHP")
    elif marker in (_APP1, _APP2):
        name = yield from cursor.read(offset + 2, min(len(ISO_GAIN_MAP), length - 2))
        if name.startswith(b"Exif\0\0") and seen.orientation is None:
            seen.orientation = tiff.orientation((yield from cursor.read(offset + 8, length - 8)))
        elif name.startswith(b"MPF\0"):
            seen.index = offset + 6, (yield from cursor.read(offset + 6, length - 6))
        elif name == ISO_GAIN_MAP:
            seen.has_gain_map = True
        elif marker == _APP1 and cursor.offers(offset, length):
            seen.has_gain_map = seen.has_gain_map or HDRGM in (yield from cursor.read(offset, length))


def _refuse(seen: _Seen, reason: str | None, offset: int, marker: int) -> None:
    if reason is not None:
        seen.add(DefectKind.CORRUPT, f"{reason}, at byte {offset}", offset, f"FF{marker:02X}")


def _visit_scan(seen: _Seen, offset: int, data: bytes) -> None:
    seen.skeleton += bytes((0xFF, _SOS)) + data
    if not seen.sizes:
        seen.add(DefectKind.CORRUPT, f"has a scan at byte {offset} without a frame header", offset, "SOS")
        return
    if seen.is_corrupt:
        return
    refused = seen.tables.refused(data[2:])
    _refuse(seen, refused, offset, _SOS)
    if refused is None and seen.tables.assumed(data[2:]):
        message = "has no Huffman tables of its own, as a frame of Motion JPEG; some readers assume the usual ones"
        seen.add(DefectKind.TOLERATED, message, offset, "SOS")


def _visit_frame(seen: _Seen, marker: int, offset: int, data: bytes) -> None:
    if len(data) < 8:
        seen.add(DefectKind.CORRUPT, f"has a frame header of {len(data)} bytes", offset, "SOF")
        return
    height, width = int.from_bytes(data[3:5], "big"), int.from_bytes(data[5:7], "big")
    if marker not in _USUAL_FRAMES:
        coding = "JPEG-LS" if marker == _JPEG_LS else f"{_CODINGS.get(marker, 'hierarchical')} JPEG"
        message = f"is {coding} (FF{marker:02X}), which browsers and many image libraries do not show"
        seen.add(DefectKind.AMBIGUOUS, message, offset, "SOF")
    seen.bit_depth = seen.bit_depth or data[2]
    if len(seen.sizes) < limits.MAX_DEFECTS:
        seen.sizes.append((width, height))
        seen.skeleton += bytes((0xFF, marker)) + data
    _refuse(seen, seen.tables.add_frame(marker, data[2:]), offset, marker)
    if max(width, height) > jpeg_segments.MAX_SIDE:
        reason = f"has a side of more than the {jpeg_segments.MAX_SIDE} pixels that libjpeg takes"
        _refuse(seen, reason, offset, marker)
    if len(seen.sizes) > 1:
        first, last = seen.sizes[0], seen.sizes[-1]
        message = f"has a second frame header at byte {offset}: {first[0]}x{first[1]} and {last[0]}x{last[1]}"
        seen.add(DefectKind.AMBIGUOUS, message, offset, "SOF")


def _look_between_scans(cursor: Cursor, seen: _Seen, scan: int) -> Generator[Span, bytes, None]:
    """The markers after the first scan began, as far as the first bytes of the file are free."""
    length = min(cursor.size or limits.FIRST_SPAN_BYTES, limits.FIRST_SPAN_BYTES) - scan
    if length <= 0 or not cursor.offers(scan, length):
        return
    data = (yield from cursor.read_free(scan, length)) or cursor.held(scan, scan + length)
    for defect in jpeg_scan.defects(data, scan, seen.tables):
        seen.add(defect.kind, defect.message, defect.offset or scan, defect.where or "")


def _look_for_end(cursor: Cursor, seen: _Seen, scan: int) -> Generator[Span, bytes, None]:
    """Search backwards for the end marker, which cannot occur inside entropy-coded data (§B.1.1.2).

    Bytes after it are common (padding, a motion photo's clip). Where reading is not free the answer stays open.
    """
    if cursor.size is None:
        return
    end = cursor.size
    after = b""
    eaten: int | None = None
    while end > scan:
        start = max(scan, end - limits.TAIL_SPAN_BYTES)
        data = yield from cursor.read_optional(start, end - start)
        if data is None:
            return
        piece, left = data + after[:1], cursor.size - start
        if jpeg_scan.has_end(piece, left):
            seen.complete = True
            return
        eaten = eaten or jpeg_scan.marker_before_end(piece, left)
        after, end = data, start
    seen.complete = False
    message = f"is cut short: it ends at byte {cursor.size} without the end marker"
    if eaten is not None:
        message = f"is cut short: marker FF{eaten:02X} has no segment, and the end marker is read as its length"
    seen.add(DefectKind.TRUNCATED, message, scan, "EOI")


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
