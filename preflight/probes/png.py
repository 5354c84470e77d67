"""PNG (W3C PNG third edition): a walk over chunks (§5.3), and their defects."""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator
from zlib import crc32

from preflight.lazy import pattern
from preflight.model import Defect, DefectKind, Family, ImageFacts, Span
from preflight.model.facts import MediaError
from preflight.probes import limits
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.pillow import Picture, identify_png
from preflight.probes.png_ancillary import Ancillary

SIGNATURE_BYTES = 8
_KEPT = frozenset({"IHDR", "PLTE"})
_CRITICAL = _KEPT | {"IDAT", "IEND"}
_MAX_KEPT_BYTES = 4096
_MAX_SKELETON_BYTES = 256 * limits.KIB
_PALETTE, _GREYS = 3, (0, 4)
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits a channel by colour type (§11.2.1)."""
_MAX_SIDE = 1_000_000
"""Pixels of a side that libpng takes unless a program raises its limit (``PNG_USER_WIDTH_MAX``)."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NAME = pattern(r"\w{4}", re.ASCII)
"""Of a chunk, as Pillow takes it; the standard and libpng want four letters (§5.3)."""
_ZLIB_HEADER_BYTES = 2
_IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
_EMPTY_IDAT = b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
_MAX_RUN_CHUNKS = 4096
_MAX_INFLATED_BYTES = 64 * limits.MIB


class _Seen:
    """The facts that the walk has seen so far."""

    def __init__(self) -> None:
        self.skeleton = bytearray(_SIGNATURE)
        self.ancillary = Ancillary()
        self.sizes: list[tuple[int, int]] = []
        self.bit_depth: int | None = None
        self.color_type: int | None = None
        self.palettes = 0
        self.frames = 1
        self.animated_default = False
        self.data = False
        self.data_bytes = 0
        self.run: list[tuple[int, int]] = []
        """Offset and length of the pixel data in one run."""
        self.run_ended = False
        self.complete: bool | None = None
        self.looked_at_end = False
        self.defects: list[Defect] = []

    def add(self, kind: DefectKind, message: str, offset: int, where: str) -> None:
        if sum(defect.kind is kind for defect in self.defects) < limits.MAX_DEFECTS:
            self.defects.append(Defect(kind=kind, message=message, offset=offset, where=where))

    def dispute(self, message: str, offset: int, where: str) -> None:
        self.add(DefectKind.DISPUTED, f"{message}: libpng refuses the file, Pillow does not", offset, where)


def probe_png(cursor: Cursor) -> Generator[Span, bytes, ImageFacts]:
    """Everything a PNG says before its pixels, and whether it ends where it should. Never raises."""
    seen, picture = _Seen(), None
    try:
        yield from _walk(cursor, seen)
        picture = identify_png(bytes(seen.skeleton) + _EMPTY_IDAT)
        seen.ancillary.judge(bytes(seen.skeleton), _EMPTY_IDAT)
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
        if length > 0x7FFFFFFF or not _NAME.fullmatch(name):
            seen.add(DefectKind.CORRUPT, f"has something that is not a chunk at byte {offset}", offset, "chunk")
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
            elif not (yield from _is_sound_if_free(cursor, offset, length + 12)):
                seen.dispute("has an IEND whose checksum does not match", offset, name)
            return
        yield from _visit(cursor, seen, name, offset, length, first=index == 0)
        offset = end
    give_up(f"has more than {limits.MAX_CHUNKS} chunks", offset=offset)


def _header(cursor: Cursor, offset: int, seen: _Seen) -> Generator[Span, bytes, bytes | None]:
    """Eight bytes of chunk header; ``None`` to walk no further.

    Once pixels have begun, bytes that are not free are not worth a walk of their own (a chunk holds a few kilobytes): a
    look at the end of the file says whether it is all there, and only where that is not IEND the walk goes on, if it is
    free.
    """
    if not seen.data or (cursor.size is not None and offset + 8 > cursor.size):
        return (yield from cursor.read(offset, 8, ahead=limits.JUMP_SPAN_BYTES))
    if (free := (yield from cursor.read_free(offset, 8))) is not None:
        return free
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
    seen.run_ended = seen.run_ended or (seen.data and name != "IDAT")
    if name == "IDAT":
        yield from _visit_idat(cursor, seen, offset, length)
    elif name == "IHDR" and seen.data:
        seen.add(DefectKind.AMBIGUOUS, f"has a second IHDR at byte {offset}, after the pixels", offset, name)
    elif name in _KEPT and not seen.data and length <= _MAX_KEPT_BYTES:
        chunk = yield from cursor.read(offset, length + 12)
        if name == "IHDR":
            _visit_ihdr(seen, chunk, offset)
        else:
            _visit_palette(seen, chunk, offset)
        if len(seen.skeleton) < _MAX_SKELETON_BYTES:
            seen.skeleton += chunk
    elif not name.isalpha():
        seen.dispute(f"has the chunk {name} at byte {offset}, whose name is not four letters", offset, name)
    elif name[0].isupper():
        yield from _visit_critical(cursor, seen, name, offset, length, first=first)
    else:
        yield from seen.ancillary.visit(cursor, name, offset, length, data=seen.data)
        if name == "acTL" and not seen.data:
            frames = yield from cursor.read(offset + 8, min(length, 4))
            seen.frames = max(1, int.from_bytes(frames, "big"))
        elif name == "fcTL" and not seen.data:
            seen.animated_default = True


def _visit_critical(
    cursor: Cursor, seen: _Seen, name: str, offset: int, length: int, *, first: bool
) -> Generator[Span, bytes, None]:
    """A chunk that none may skip that does not know it (§5.4); before the pixels Pillow looks at its checksum."""
    if name in _CRITICAL:
        if name == "PLTE" and seen.data and seen.color_type == _PALETTE:
            seen.dispute(f"has a palette (PLTE) at byte {offset}, after its pixels", offset, name)
    elif first and name == "CgBI":
        return
    elif not seen.data and not (yield from _is_sound_if_free(cursor, offset, length + 12)):
        message = f"has the unknown chunk {name} at byte {offset}, whose checksum does not match"
        seen.add(DefectKind.CORRUPT, message, offset, name)
    else:
        seen.dispute(f"has the unknown chunk {name} at byte {offset}, which calls itself critical", offset, name)


def _visit_idat(cursor: Cursor, seen: _Seen, offset: int, length: int) -> Generator[Span, bytes, None]:
    """Its checksum is looked at where that costs nothing: of small pictures, and of those that are read whole."""
    if seen.color_type == _PALETTE and not seen.palettes and not seen.data:
        seen.add(DefectKind.CORRUPT, "has palette colours and no palette (PLTE) before its pixels", offset, "IDAT")
    seen.data = True
    if not seen.data_bytes and length >= _ZLIB_HEADER_BYTES:
        header = yield from cursor.read_free(offset + 8, _ZLIB_HEADER_BYTES)
        is_apple = any(defect.where == "CgBI" for defect in seen.defects)
        if header is not None and not is_apple and not _begins_zlib(header):
            message = f"has image data (IDAT) at byte {offset} whose zlib header is wrong"
            seen.add(DefectKind.CORRUPT, message, offset, "IDAT")
    seen.data_bytes += length
    if seen.run_ended:
        if not (yield from _is_whole(cursor, seen.run)):
            message = f"has image data (IDAT) at byte {offset} apart from the rest, with another chunk between"
            seen.add(DefectKind.CORRUPT, message, offset, "IDAT")
        seen.run_ended = False
        seen.run = []
    elif len(seen.run) < _MAX_RUN_CHUNKS:
        seen.run.append((offset + 8, length))
    if not (yield from _is_sound_if_free(cursor, offset, length + 12)):
        message = f"has image data (IDAT) at byte {offset} whose checksum does not match"
        seen.add(DefectKind.CORRUPT, message, offset, "IDAT")


def _begins_zlib(header: bytes) -> bool:
    """Whether these are the first two bytes of a zlib stream (RFC 1950 §2.2) without a dictionary, as PNG has it."""
    method, flags = header
    return method & 0xF == 8 and method >> 4 <= 7 and (method << 8 | flags) % 31 == 0 and not flags & 0x20


def _is_whole(cursor: Cursor, run: list[tuple[int, int]]) -> Generator[Span, bytes, bool]:
    """Whether the pixels end with this run of data: then the bytes after it are left alone (PNG §5.6, §10.1)."""
    stream, inflated = zlib.decompressobj(), 0
    for offset, length in run:
        data = yield from cursor.read_optional(offset, length)
        try:
            while data and not stream.eof and inflated < _MAX_INFLATED_BYTES:
                inflated += len(stream.decompress(data, limits.MIB))
                data = stream.unconsumed_tail
        except zlib.error:
            return False
    return stream.eof


def _visit_ihdr(seen: _Seen, chunk: bytes, offset: int) -> None:
    data = chunk[8:-4]
    if len(data) != 13:
        seen.add(DefectKind.CORRUPT, f"has an IHDR of {len(data)} bytes where 13 are expected", offset, "IHDR")
        return
    if not _is_sound(chunk):
        seen.add(DefectKind.CORRUPT, "has an IHDR whose checksum does not match", offset, "IHDR")
    width, height = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
    if len(seen.sizes) < limits.MAX_DEFECTS:
        seen.sizes.append((width, height))
    seen.bit_depth = seen.bit_depth or data[8]
    seen.color_type = data[9]
    if data[8] not in _DEPTHS.get(data[9], ()):
        message = f"has {data[8]} bits a channel with colour type {data[9]}, which no PNG has"
        seen.add(DefectKind.CORRUPT, message, offset, "IHDR")
    if data[10]:
        seen.dispute(f"has the unknown compression method {data[10]}", offset, "IHDR")
    if data[12] > 1:
        seen.add(DefectKind.CORRUPT, f"has the unknown interlace method {data[12]}", offset, "IHDR")
    if max(width, height) > _MAX_SIDE:
        seen.dispute(f"has a side of more than {_MAX_SIDE} pixels", offset, "IHDR")
    if len(seen.sizes) > 1:
        first, second = seen.sizes[0], seen.sizes[-1]
        message = f"has a second IHDR at byte {offset}: {first[0]}x{first[1]} and {second[0]}x{second[1]}"
        seen.add(DefectKind.AMBIGUOUS, message, offset, "IHDR")


def _visit_palette(seen: _Seen, chunk: bytes, offset: int) -> None:
    """PLTE (§11.2.2), as libpng and Pillow take it."""
    count, rest = divmod(len(chunk) - 12, 3)
    seen.palettes += 1
    if not _is_sound(chunk):
        seen.add(
            DefectKind.CORRUPT, f"has a palette (PLTE) at byte {offset} whose checksum does not match", offset, "PLTE"
        )
    elif seen.color_type == _PALETTE and count > 256:
        seen.add(DefectKind.CORRUPT, f"has a palette (PLTE) of {count} colours where 256 are the most", offset, "PLTE")
    elif seen.color_type in _GREYS:
        return  # superfluous, and ignored
    elif seen.palettes > 1:
        seen.dispute(f"has a second palette (PLTE) at byte {offset}", offset, "PLTE")
    elif len(chunk) == 12 or (rest and seen.color_type == _PALETTE):
        seen.dispute(f"has a palette (PLTE) of {len(chunk) - 12} bytes at byte {offset}", offset, "PLTE")


def _is_sound(chunk: bytes) -> bool:
    """Whether a chunk's checksum (§5.5) is its own."""
    return crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _is_sound_if_free(cursor: Cursor, offset: int, length: int) -> Generator[Span, bytes, bool]:
    chunk = yield from cursor.read_free(offset, length)
    return chunk is None or _is_sound(chunk)


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
        orientation=seen.ancillary.orientation,
        color_mode=picture.mode if picture else None,
        bit_depth=seen.bit_depth,
        frames=frames,
        complete=seen.complete,
        sizes=tuple(seen.sizes),
        defects=(*seen.defects, *seen.ancillary.refusals)[: 3 * limits.MAX_DEFECTS],
    )
