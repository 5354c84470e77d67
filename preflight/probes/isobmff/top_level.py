"""The walk over top-level boxes (ISO/IEC 14496-12 §4.3, §8.1), up to the movie box and on as far as that is free."""

from __future__ import annotations

from collections.abc import Generator

from preflight.model import Defect, DefectKind, Span
from preflight.probes import limits
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.isobmff.boxes import (
    HEADER_BYTES,
    Box,
    corrupt,
    is_padding,
    looks_like_box,
    parse_header,
    payload,
)

TOP_LEVEL = frozenset(
    [
        "ftyp",
        "styp",
        "moov",
        "mdat",
        "moof",
        "sidx",
        "ssix",
        "mfra",
        "free",
        "skip",
        "wide",
        "uuid",
        "meta",
        "udta",
        "pdin",
        "prft",
        "emsg",
    ]
)


_STRUCTURE = TOP_LEVEL - {"mdat", "wide"}


class Layout:
    """Facts from the walk over the top level. Filled as it goes, so that a broken file still tells this much.

    ``structure`` is the boxes that hold no media, whatever a sample table says, as far as the walk must go.
    """

    def __init__(self) -> None:
        self.brands: tuple[str, ...] = ()
        self.moov: Box | None = None
        self.mdat_before_moov = False
        self.saw_mdat = False
        self.saw_fragment = False
        self.missing_bytes = 0
        self.structure: list[Box] = []
        self.defects: list[Defect] = []
        self.oddities: list[Defect] = []


def walk(cursor: Cursor, layout: Layout) -> Generator[Span, bytes, None]:
    """Visit top-level boxes until the movie box is found, and on to the end as far as that costs nothing."""
    offset = 0
    for _ in range(limits.MAX_BOXES):
        if cursor.size is not None and offset + 8 > cursor.size:
            break
        header = yield from _header(cursor, offset, layout)
        if header is None or is_padding(header):
            break
        if not looks_like_box(header):
            if layout.moov is None:
                corrupt(f"has something that is not a box at byte {offset}", offset=offset)
            break
        box = parse_header(header, offset, cursor.size)
        if layout.moov is not None and layout.saw_mdat and box.fourcc not in TOP_LEVEL:
            break  # something that was appended, and happens to be spelled like a box
        yield from _visit(cursor, box, layout)
        if box.open_ended or (layout.moov is not None and layout.saw_fragment):
            break
        offset = box.end
    else:
        give_up(f"has more than {limits.MAX_BOXES} boxes at the top level", offset=offset)
    if layout.moov is None:
        what = (
            "is a fragment without its movie box: 'moov' is in another file"
            if layout.saw_fragment
            else "has no 'moov' box"
        )
        layout.defects.append(Defect(kind=DefectKind.INCOMPLETE, message=what, offset=offset))


def _header(cursor: Cursor, offset: int, layout: Layout) -> Generator[Span, bytes, bytes | None]:
    """The header at ``offset``, with as much after it as is worth having; ``None`` where it is not worth a read."""
    if layout.moov is None:
        ahead = limits.TAIL_SPAN_BYTES if offset else limits.FIRST_SPAN_BYTES
        return (yield from cursor.read(offset, HEADER_BYTES, ahead=ahead))
    if not layout.saw_mdat:
        return (yield from cursor.read(offset, HEADER_BYTES, ahead=limits.JUMP_SPAN_BYTES))
    return (yield from cursor.read_optional(offset, HEADER_BYTES))


def _visit(cursor: Cursor, box: Box, layout: Layout) -> Generator[Span, bytes, None]:
    if cursor.size is not None and box.end > cursor.size:
        layout.missing_bytes = box.end - cursor.size
        layout.defects.append(
            Defect(
                kind=DefectKind.TRUNCATED,
                message=f"is cut short: box '{box.fourcc}' ends at byte {box.end}, the file at {cursor.size}",
                offset=box.start,
                where=box.path,
            )
        )
    if box.fourcc in _STRUCTURE and not (layout.moov is not None and layout.saw_mdat):
        layout.structure.append(box)
    if box.fourcc in ("ftyp", "styp") and not layout.brands:
        # FFmpeg refuses an 'ftyp' without room for a minor version, and knows no 'styp' of its own.
        data = yield from payload(cursor, box, at_least=8 if box.fourcc == "ftyp" else 4)
        codes = [data[at : at + 4].decode("latin-1") for at in range(0, len(data) - 3, 4)]
        layout.brands = (codes[0], *codes[2:])
    elif box.fourcc == "moov":
        if layout.moov is not None:
            corrupt(f"has a second 'moov' box at byte {box.start}", offset=box.start, where=box.path)
        layout.moov = box
        layout.mdat_before_moov = layout.saw_mdat
    elif box.fourcc == "mdat":
        layout.saw_mdat = True
    elif box.fourcc in ("moof", "sidx"):
        layout.saw_fragment = True
