"""One track: ``trak`` and what is inside it (ISO/IEC 14496-12 §8.3 to §8.6)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from math import atan2, degrees
from struct import Struct

from preflight.model import Span, Track
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, children_in, corrupt, first, payload
from preflight.probes.isobmff.samples import read_data_end

IDENTITY = (1 << 16, 0, 0, 1 << 16)
"""The two-by-two part of the unity matrix (§6.2.2), 16.16 fixed point."""

_TRAK = frozenset({"tkhd", "edts", "mdia"})
_MDIA = frozenset({"mdhd", "hdlr", "minf"})
_MINF = frozenset({"dinf", "stbl"})
_SIZE = Struct(">II")
_MATRIX = Struct(">ii4xii")
_VISUAL_ENTRY_BYTES = 86
_SELF_CONTAINED = 1


@dataclass(frozen=True, slots=True)
class TrackHeader:
    """``tkhd`` (§8.3.2). ``size`` is the presentation's, in whole pixels, before the matrix."""

    track_id: int
    enabled: bool
    ticks: int | None
    matrix: tuple[int, int, int, int]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of ``elst`` (§8.6.6). ``ticks`` in the movie's timescale, ``media_time`` in the track's."""

    ticks: int
    media_time: int

    @property
    def is_empty(self) -> bool:
        return self.media_time == -1


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """The first entry of ``stsd`` (§8.5.2). ``codec`` is the original format of a protected one."""

    codec: str
    encrypted: bool
    coded_size: tuple[int, int] | None = None
    pixel_aspect: tuple[int, int] = (1, 1)


def read_track(
    cursor: Cursor, trak: Box, movie_timescale: int, movie_matrix: tuple[int, int, int, int], *, fragmented: bool
) -> Generator[Span, bytes, Track]:
    """One ``trak``. Sample tables are jumped over: nothing in them decides size, codec or length.

    Except in a ``fragmented`` file: there ``ticks`` are those of the samples that the movie box itself lists, whatever
    its header claims, for the fragments come on top.

    Raises ``MediaError`` when a box that every track must have is missing or broken.
    """
    boxes = yield from children(cursor, trak, wanted=_TRAK)
    tkhd, mdia = first(boxes, "tkhd"), first(boxes, "mdia")
    if tkhd is None or mdia is None:
        corrupt(f"has a track without '{'tkhd' if tkhd is None else 'mdia'}'", offset=trak.start, where=trak.path)
    header = parse_tkhd((yield from payload(cursor, tkhd, at_least=84)))
    edits = yield from _read_edits(cursor, first(boxes, "edts"))

    media = yield from children(cursor, mdia, wanted=_MDIA)
    mdhd, hdlr, minf = first(media, "mdhd"), first(media, "hdlr"), first(media, "minf")
    if mdhd is None or hdlr is None:
        corrupt(f"has a track without '{'mdhd' if mdhd is None else 'hdlr'}'", offset=mdia.start, where=mdia.path)
    timescale, ticks = parse_clock((yield from payload(cursor, mdhd, at_least=20)), mdhd)
    handler = (yield from payload(cursor, hdlr, at_least=12))[8:12].decode("latin-1")

    entry, external, data_end = None, False, None
    if minf is not None:
        inner = yield from children(cursor, minf, wanted=_MINF)
        external = yield from _refers_outside(cursor, first(inner, "dinf"))
        stbl = first(inner, "stbl")
        if stbl is not None:
            entry = yield from _read_sample_entry(cursor, stbl, handler)
            if ticks is None or fragmented:
                ticks = yield from _sum_of_deltas(cursor, stbl)
            data_end = None if external else (yield from read_data_end(cursor, stbl))

    rotation = rotation_of(header.matrix, movie_matrix)
    coded = entry.coded_size if entry else None
    return Track(
        id=header.track_id,
        handler=handler,
        codec=entry.codec if entry else None,
        ticks=ticks,
        timescale=timescale,
        enabled=header.enabled,
        encrypted=entry.encrypted if entry else False,
        coded_size=coded,
        display_size=display_size(coded or header.size, entry.pixel_aspect if entry else (1, 1), rotation),
        rotation=rotation,
        duration=presented(edits, ticks, timescale, movie_timescale),
        external=external,
        data_end=data_end,
    )


def parse_tkhd(data: bytes) -> TrackHeader:
    """``tkhd``, version 0 or 1. ``data`` holds at least 84 bytes."""
    at = 12 if data[0] == 0 else 20
    wide = data[0] != 0
    track_id = int.from_bytes(data[at : at + 4], "big")
    length = 8 if wide else 4
    duration = int.from_bytes(data[at + 8 : at + 8 + length], "big")
    rest = at + 8 + length + 16  # reserved, layer, alternate group, volume, reserved
    matrix, size = IDENTITY, (0, 0)
    if len(data) >= rest + 44:
        matrix = _MATRIX.unpack_from(data, rest)
        width, height = _SIZE.unpack_from(data, rest + 36)
        size = (width >> 16, height >> 16)
    unknown = duration == (1 << (8 * length)) - 1
    return TrackHeader(track_id, bool(data[3] & 1), None if unknown or not duration else duration, matrix, size)


def parse_clock(data: bytes, box: Box) -> tuple[int, int | None]:
    """(timescale, ticks) of ``mvhd`` (§8.2.2) or ``mdhd`` (§8.4.2); ticks are ``None`` for unknown and for 0.

    Raises ``MediaError`` for a timescale of 0: no time can be told with it.
    """
    wide = data[0] != 0
    at, length = (20, 8) if wide else (12, 4)
    timescale = int.from_bytes(data[at : at + 4], "big")
    duration = int.from_bytes(data[at + 4 : at + 4 + length], "big")
    if not timescale:
        corrupt(f"has box '{box.path}' at byte {box.start} with timescale 0", offset=box.start, where=box.path)
    unknown = duration in (0, (1 << (8 * length)) - 1)
    return timescale, None if unknown else duration


def rotation_of(track: tuple[int, int, int, int], movie: tuple[int, int, int, int]) -> int:
    """Clockwise degrees in [0, 360) that the track's matrix, followed by the movie's, turns the picture."""
    a = track[0] * movie[0] + track[1] * movie[2]
    b = track[0] * movie[1] + track[1] * movie[3]
    return round(degrees(atan2(b, a))) % 360 if a or b else 0


def display_size(coded: tuple[int, int], pixel_aspect: tuple[int, int], rotation: int) -> tuple[int, int] | None:
    """Pixels on a screen with square pixels, upright; ``None`` when the size is unknown."""
    width, height = coded
    if not width or not height:
        return None
    across, down = pixel_aspect
    if across and down:
        width = round(Fraction(width * across, down))
    return (height, width) if rotation in (90, 270) else (width, height)


def presented(edits: list[Edit], ticks: int | None, timescale: int, movie_timescale: int) -> Fraction | None:
    """Seconds of media that are shown: what the edit list keeps, without empty edits (§8.6.6).

    Edits count in the movie's coarser clock. Where they agree with the media, whole or trimmed at its start, to within
    one of its ticks, the media's own length is the exact answer.
    """
    media = Fraction(ticks, timescale) if ticks is not None else None
    kept = [edit for edit in edits if not edit.is_empty]
    shown_ticks = sum(edit.ticks for edit in kept)
    shown = Fraction(shown_ticks, movie_timescale)
    if media is None or ticks is None or not shown:
        return media or shown or None
    for exact_ticks in (ticks, ticks - max(kept[0].media_time, 0)):
        # |shown - exact| ≤ 1 / movie_timescale, in whole numbers
        if abs(shown_ticks * timescale - exact_ticks * movie_timescale) <= timescale:
            return Fraction(exact_ticks, timescale)
    return min(shown, media)


def _read_edits(cursor: Cursor, edts: Box | None) -> Generator[Span, bytes, list[Edit]]:
    if edts is None:
        return []
    elst = first((yield from children(cursor, edts)), "elst")
    if elst is None:
        return []
    data = yield from payload(cursor, elst, at_least=8, at_most=8 + 20 * limits.MAX_TABLE_ENTRIES)
    entry = Struct(">Qq4x") if data[0] == 1 else Struct(">Ii4x")
    declared = int.from_bytes(data[4:8], "big")
    there = (len(data) - 8) // entry.size
    if declared > there:
        corrupt(
            f"has box '{elst.path}' at byte {elst.start} with {declared} entries and room for {there}",
            offset=elst.start,
            where=elst.path,
        )
    return [Edit(*entry.unpack_from(data, 8 + index * entry.size)) for index in range(declared)]


def _refers_outside(cursor: Cursor, dinf: Box | None) -> Generator[Span, bytes, bool]:
    """Whether a data reference (§8.7.2) points to another file."""
    if dinf is None:
        return False
    dref = first((yield from children(cursor, dinf)), "dref")
    if dref is None:
        return False
    data = yield from payload(cursor, dref, at_least=8)
    return any(len(entry) >= 4 and not entry[3] & _SELF_CONTAINED for _, entry in children_in(data, 8, dref.path))


def _read_sample_entry(cursor: Cursor, stbl: Box, handler: str) -> Generator[Span, bytes, SampleEntry | None]:
    stsd = first((yield from children(cursor, stbl, wanted=frozenset({"stsd"}))), "stsd")
    if stsd is None:
        return None
    data = yield from payload(cursor, stsd, at_least=8)
    return parse_sample_entry(data, handler, stsd.path) if len(data) >= 16 else None


def parse_sample_entry(data: bytes, handler: str, path: str) -> SampleEntry:
    """The first sample entry in the payload of ``stsd``, with its protection (§8.12) and pixel aspect (§12.1.4)."""
    codec = data[12:16].decode("latin-1")
    entry = data[8 : 8 + max(int.from_bytes(data[8:12], "big"), 8)]
    coded, aspect, fixed = None, (1, 1), 8
    if handler == "vide" and len(entry) >= 36:
        coded = (int.from_bytes(entry[32:34], "big"), int.from_bytes(entry[34:36], "big"))
        fixed = _VISUAL_ENTRY_BYTES
    elif handler == "soun":
        fixed = 36
    encrypted = codec in ("encv", "enca", "drmi", "drms")
    for fourcc, body in children_in(entry, fixed, path):
        if fourcc == "pasp" and len(body) >= 8:
            across, down = _SIZE.unpack_from(body)
            aspect = (across, down) if across and down else aspect
        elif fourcc == "sinf":
            encrypted = True
            codec = next(
                (inner[:4].decode("latin-1") for name, inner in children_in(body, 0, path) if name == "frma"), codec
            )
    return SampleEntry(codec, encrypted, coded, aspect)


def _sum_of_deltas(cursor: Cursor, stbl: Box) -> Generator[Span, bytes, int | None]:
    """The media's ticks from ``stts`` (§8.6.1.2), for a header that does not say. The table is never expanded."""
    stts = first((yield from children(cursor, stbl, wanted=frozenset({"stts"}))), "stts")
    if stts is None:
        return None
    data = yield from payload(cursor, stts, at_least=8, at_most=8 + 8 * limits.MAX_TABLE_ENTRIES)
    declared = int.from_bytes(data[4:8], "big")
    if declared > (len(data) - 8) // 8:
        corrupt(
            f"has box '{stts.path}' at byte {stts.start} with {declared} entries and room for {(len(data) - 8) // 8}",
            offset=stts.start,
            where=stts.path,
        )
    total = sum(count * delta for count, delta in Struct(">II").iter_unpack(data[8 : 8 + 8 * declared]))
    return total or None
