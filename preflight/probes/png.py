"""PNG (W3C PNG third edition): a walk over chunks (§5.3), and what is wrong with them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from zlib import crc32

from preflight.model import Defect, DefectKind, Family, ImageFacts, Span
from preflight.model.facts import MediaError
from preflight.probes import limits, tiff
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.pillow import Picture, identify_png

SIGNATURE_BYTES = 8
_KEPT = frozenset({"IHDR", "PLTE", "tRNS"})
_MAX_KEPT_BYTES = 4096
_MAX_SKELETON_BYTES = 256 * limits.KIB
_PALETTE = 3
_IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
_EMPTY_IDAT = b"\0\0\0\0IDAT\x35\xaf\x06\x1e"


@dataclass(slots=True)
class _Seen:
    """What the walk has seen so far."""

    skeleton: bytearray = field(default_factory=bytearray)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    bit_depth: int | None = None
    needs_palette: bool = False
    orientation: int | None = None
    frames: int = 1
    animated_default: bool = False
    data: bool = False
    data_bytes: int = 0
    complete: bool | None = None
    looked_at_end: bool = False
    defects: list[Defect] = field(default_factory=list)

    def add(self, kind: DefectKind, message: str, offset: int, where: str) -> None:
        if len(self.defects) < limits.MAX_DEFECTS:
            self.defects.append(Defect(kind=kind, message=message, offset=offset, where=where))


def probe_png(cursor: Cursor) -> Generator[Span, bytes, ImageFacts]:
    """Everything a PNG says before its pixels, and whether it ends where it should. Never raises."""
    seen, picture = _Seen(), None
    try:
        yield from _walk(cursor, seen)
        picture = identify_png(b"\x89PNG\r\n\x1a\n" + bytes(seen.skeleton) + _EMPTY_IDAT)
    except MediaError as error:
        if not seen.defects or error.defect.kind is not DefectKind.CORRUPT:
            seen.defects.append(error.defect)
    return _facts(cursor, seen, picture)


def _walk(cursor: Cursor, seen: _Seen) -> Generator[Span, bytes, None]:
    offset = SIGNATURE_BYTES
    for index in range(limits.MAX_CHUNKS):
        header = yield from _header(cursor, offset, seen)
        if header is None:
            return
        if len(header) < 8:
            seen.complete = False
            seen.add(DefectKind.TRUNCATED, f"is cut short: it ends at byte {offset} without IEND", offset, "IEND")
            return
        length, name = int.from_bytes(header[:4], "big"), header[4:8].decode("latin-1")
        if length > 0x7FFFFFFF or not name.isascii() or not name.isalpha():
            seen.add(DefectKind.CORRUPT, f"has something that is no chunk at byte {offset}", offset, "chunk")
            return
        end = offset + 12 + length
        if cursor.size is not None and end > cursor.size:
            seen.complete = False
            message = f"is cut short: chunk {name} ends at byte {end}, the file at {cursor.size}"
            seen.add(DefectKind.TRUNCATED, message, offset, name)
            return
        if name == "IEND":
            seen.complete = True
            if not seen.data_bytes:
                seen.add(DefectKind.CORRUPT, "has no image data (IDAT)", offset, name)
            return
        yield from _visit(cursor, seen, name, offset, length, first=index == 0)
        offset = end
    give_up(f"has more than {limits.MAX_CHUNKS} chunks", offset=offset)


def _header(cursor: Cursor, offset: int, seen: _Seen) -> Generator[Span, bytes, bytes | None]:
    """Eight bytes of chunk header; ``None`` to walk no further.

    Once pixels have begun, what is not held is not worth a walk of its own (a chunk holds a few kilobytes): a look at
    the end of the file says whether it is all there, and only where that is no IEND the walk goes on, if it is free.
    """
    if not seen.data or (cursor.size is not None and offset + 8 > cursor.size):
        return (yield from cursor.read(offset, 8, ahead=limits.JUMP_SPAN_BYTES))
    if cursor.holds(offset, 8):
        return (yield from cursor.read(offset, 8))
    if not seen.looked_at_end and cursor.size is not None:
        seen.looked_at_end = True
        if (yield from cursor.read_optional(cursor.size - len(_IEND), len(_IEND))) == _IEND:
            seen.complete = True
            return None
    return (yield from cursor.read_optional(offset, 8))


def _visit(
    cursor: Cursor, seen: _Seen, name: str, offset: int, length: int, *, first: bool
) -> Generator[Span, bytes, None]:
    if first and name != "IHDR":
        apple = name == "CgBI"
        message = "is an iOS-only PNG (CgBI), which other decoders refuse" if apple else f"begins with {name}, not IHDR"
        seen.add(DefectKind.CORRUPT, message, offset, name)
    if name == "IDAT":
        yield from _visit_idat(cursor, seen, offset, length)
    elif name in _KEPT and not seen.data and length <= _MAX_KEPT_BYTES:
        chunk = yield from cursor.read(offset, length + 12)
        if name == "IHDR":
            _visit_ihdr(seen, chunk, offset)
        elif name == "PLTE":
            seen.needs_palette = False
        if len(seen.skeleton) < _MAX_SKELETON_BYTES:
            seen.skeleton += chunk
    elif name == "IHDR":
        seen.add(DefectKind.AMBIGUOUS, f"has a second IHDR at byte {offset}, after the pixels", offset, name)
    elif name == "acTL" and not seen.data:
        data = yield from cursor.read(offset + 8, 4)
        seen.frames = max(1, int.from_bytes(data, "big"))
    elif name == "fcTL" and not seen.data:
        seen.animated_default = True
    elif name == "eXIf" and length <= limits.FIRST_SPAN_BYTES:
        value = tiff.integers((yield from cursor.read(offset + 8, length))).get(tiff.ORIENTATION)
        seen.orientation = value if value in range(1, 9) else None


def _visit_idat(cursor: Cursor, seen: _Seen, offset: int, length: int) -> Generator[Span, bytes, None]:
    """Its checksum is looked at where that costs nothing: of small pictures, and of those that are read whole."""
    if seen.needs_palette and not seen.data:
        seen.add(DefectKind.CORRUPT, "has palette colours and no palette (PLTE) before its pixels", offset, "IDAT")
    seen.data = True
    seen.data_bytes += length
    if cursor.holds(offset, length + 12):
        chunk = yield from cursor.read(offset, length + 12)
        if crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            message = f"has image data (IDAT) at byte {offset} whose checksum does not match"
            seen.add(DefectKind.CORRUPT, message, offset, "IDAT")


def _visit_ihdr(seen: _Seen, chunk: bytes, offset: int) -> None:
    data = chunk[8:-4]
    if len(data) != 13:
        seen.add(DefectKind.CORRUPT, f"has an IHDR of {len(data)} bytes where 13 are due", offset, "IHDR")
        return
    if crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        seen.add(DefectKind.CORRUPT, "has an IHDR whose checksum does not match", offset, "IHDR")
    if len(seen.sizes) < limits.MAX_DEFECTS:
        seen.sizes.append((int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")))
    seen.bit_depth = seen.bit_depth or data[8]
    seen.needs_palette = data[9] == _PALETTE
    if len(seen.sizes) > 1:
        first, second = seen.sizes[0], seen.sizes[-1]
        message = f"has a second IHDR at byte {offset}: {first[0]}x{first[1]} and {second[0]}x{second[1]}"
        seen.add(DefectKind.AMBIGUOUS, message, offset, "IHDR")


def _facts(cursor: Cursor, seen: _Seen, picture: Picture | None) -> ImageFacts:
    width, height = seen.sizes[0] if seen.sizes else (None, None)
    if picture and len(seen.sizes) == 1:
        width, height = picture.width, picture.height
    # A default image that is not part of the animation is one picture more.
    frames = seen.frames + (1 if seen.frames > 1 and not seen.animated_default else 0)
    return ImageFacts(
        container="PNG",
        family=Family.PICTURE,
        size_bytes=cursor.size,
        width=width,
        height=height,
        orientation=seen.orientation,
        color_mode=picture.mode if picture else None,
        bit_depth=seen.bit_depth,
        frames=frames,
        complete=seen.complete,
        sizes=tuple(seen.sizes),
        defects=tuple(seen.defects),
    )
