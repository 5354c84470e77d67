"""Box headers (ISO/IEC 14496-12 §4.2) and walks over them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from struct import Struct
from typing import NoReturn, TypeAlias

from preflight.model import Defect, DefectKind, Span
from preflight.model.facts import MediaError
from preflight.model.named_tuple import NamedTuple
from preflight.probes import limits
from preflight.probes.cursor import Cursor, give_up

Reader: TypeAlias = Generator[Span, bytes, bytes]

_HEADER = Struct(">I4s")
_U32 = Struct(">I")
_U64 = Struct(">Q")
_ZEROS = bytes(8)
_SPELLING = bytes(range(0x20, 0x7F)) + b"\xa9"
HEADER_BYTES = 16
"""The longest header that matters here: size, type, and the 64-bit size."""


class Box(NamedTuple):
    """A box at ``[start, end)`` of the file; its payload begins at ``body``.

    ``end`` is what the header claims. It may lie past the end of the file, never before ``body``.
    ``open_ended`` is a last box whose size is given as 0: it reaches to the end of the file.
    """

    fourcc: str
    start: int
    body: int
    end: int
    path: str
    open_ended: bool = False

    @property
    def size(self) -> int:
        return self.end - self.start


def corrupt(message: str, *, offset: int | None = None, where: str | None = None) -> NoReturn:
    """Raise for bytes that break the format."""
    raise MediaError(Defect(kind=DefectKind.CORRUPT, message=message, offset=offset, where=where))


def parse_header(header: bytes, start: int, limit: int | None, parent: str = "") -> Box:
    """The box whose header begins at ``start``. ``limit`` is the end of its parent, or of the file.

    Raises ``MediaError`` for a size that cannot be: below the header's, 64-bit below 16, or a header that is cut.
    """
    if len(header) < 8:
        corrupt(f"ends inside a box header at byte {start}", offset=start, where=parent or None)
    size, code = _HEADER.unpack_from(header)
    fourcc: str = code.decode("latin-1")
    path = f"{parent}/{fourcc}" if parent else fourcc
    if size >= 8:
        return Box(fourcc, start, start + 8, start + size, path)
    if size == 1:
        if len(header) < 16:
            corrupt(f"ends inside the 64-bit size of '{path}' at byte {start}", offset=start, where=path)
        size = _U64.unpack_from(header, 8)[0]
        if size < 16:
            corrupt(f"has box '{path}' at byte {start} with the impossible size {size}", offset=start, where=path)
        return Box(fourcc, start, start + 16, start + size, path)
    if size == 0:
        if parent:
            corrupt(f"has box '{path}' at byte {start} without a size", offset=start, where=path)
        end = limit if limit is not None else start + 8
        return Box(fourcc, start, start + 8, max(end, start + 8), path, open_ended=True)
    corrupt(f"has box '{path}' at byte {start} with the impossible size {size}", offset=start, where=path)


def is_padding(header: bytes) -> bool:
    """Whether a header is not a box but filler after the last one: zeros, or a QuickTime terminator."""
    return len(header) < 8 or header.startswith(_ZEROS)


def looks_like_box(header: bytes) -> bool:
    """Whether the type is spelled with the characters that registered types use."""
    return len(header) >= 8 and not header[4:8].translate(None, _SPELLING)


def children(cursor: Cursor, box: Box, *, wanted: frozenset[str] | None = None) -> Generator[Span, bytes, list[Box]]:
    """The boxes inside ``box``, by their headers alone; with ``wanted``, only until one of each was seen.

    A child may not reach past its parent. A few bytes after the last child, not a box, are tolerated, as are zeros
    (QuickTime ends some lists with them).
    """
    if box.path.count("/") + 1 >= limits.MAX_DEPTH:
        give_up(f"nests boxes more than {limits.MAX_DEPTH} deep at '{box.path}'", offset=box.start, where=box.path)
    found: list[Box] = []
    missing = set(wanted) if wanted is not None else None
    offset, end, path = box.body, box.end, box.path
    held = cursor.held(offset, end)
    while offset + 8 <= end and (missing is None or missing):
        header = held[offset - box.body : offset - box.body + HEADER_BYTES]
        if len(header) < HEADER_BYTES:
            header = yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES)
        if is_padding(header) or (end - offset <= limits.MAX_STRAY_BYTES and not looks_like_box(header)):
            break
        if len(found) >= limits.MAX_BOXES:
            give_up(f"holds more than {limits.MAX_BOXES} boxes in '{box.path}'", offset=offset, where=box.path)
        child = parse_header(header, offset, end, path)
        if child.end > end:
            corrupt(
                f"has box '{child.path}' at byte {child.start} that ends {child.end - box.end} bytes past its parent",
                offset=child.start,
                where=child.path,
            )
        found.append(child)
        if missing is not None:
            missing.discard(child.fourcc)
        offset = child.end
    return found


def first(boxes: list[Box], fourcc: str) -> Box | None:
    """The first box of that type."""
    for box in boxes:
        if box.fourcc == fourcc:
            return box
    return None


def only(boxes: list[Box], fourcc: str) -> Box | None:
    """The box of that type. Raises ``MediaError`` for a second one: FFmpeg refuses a file with two."""
    found = [box for box in boxes if box.fourcc == fourcc]
    if len(found) > 1:
        box = found[1]
        corrupt(f"has a second box '{box.path}' at byte {box.start}", offset=box.start, where=box.path)
    return found[0] if found else None


def payload(cursor: Cursor, box: Box, *, at_least: int = 0, at_most: int = limits.JUMP_SPAN_BYTES) -> Reader:
    """The payload of ``box``, or its first ``at_most`` bytes.

    Raises ``MediaError`` when there are fewer than ``at_least``: every count is checked against the bytes there.
    """
    length = min(box.end - box.body, at_most)
    data = cursor.held(box.body, box.body + length)
    if len(data) < length:
        data = yield from cursor.read(box.body, length, ahead=limits.JUMP_SPAN_BYTES)
    if len(data) < at_least:
        corrupt(
            f"has box '{box.path}' at byte {box.start} with {len(data)} bytes where {at_least} are needed",
            offset=box.start,
            where=box.path,
        )
    return data


def children_in(payload: bytes, start: int, path: str) -> Iterator[tuple[str, bytes]]:
    """(fourcc, payload) of the boxes in a payload already read, as of the children of a sample entry.

    Ends quietly at the first incomplete box: trailing bytes after fixed fields are common in good files.
    """
    offset = start
    for _ in range(limits.MAX_BOXES):
        if offset + 8 > len(payload):
            return
        size = _U32.unpack_from(payload, offset)[0]
        if size < 8 or offset + size > len(payload):
            return
        yield payload[offset + 4 : offset + 8].decode("latin-1"), payload[offset + 8 : offset + size]
        offset += size
    give_up(f"holds more than {limits.MAX_BOXES} boxes in '{path}'", where=path)
