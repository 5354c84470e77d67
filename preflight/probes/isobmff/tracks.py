"""One track: ``trak`` and what is inside it (ISO/IEC 14496-12 §8.3 to §8.6)."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from fractions import Fraction
from math import atan2, degrees, hypot
from struct import Struct

from preflight.model import Span, Track, TrackTimes
from preflight.model.frozen import frozen
from preflight.model.named_tuple import NamedTuple
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, children_in, corrupt, first, only, payload
from preflight.probes.isobmff.edits import Edit, Media, empty_at_start, read_edits, shown
from preflight.probes.isobmff.sample_entry import SampleEntry, read_sample_entry
from preflight.probes.isobmff.samples import Samples, Surroundings, read_samples

IDENTITY = (1 << 16, 0, 0, 1 << 16)
"""The two-by-two part of the unity matrix (§6.2.2), 16.16 fixed point."""

_MDIA = frozenset({"mdhd", "hdlr", "minf"})
_MINF = frozenset({"dinf", "stbl"})
_SIZE = Struct(">II")
_MATRIX = Struct(">ii4xii")
_SELF_CONTAINED = 1
_LEAST_REFERENCE_BYTES = 12
"""Of a data reference: FFmpeg opens no file with a smaller one, or with fewer than are counted."""
_SERVES_ANOTHER = frozenset({"thmb", "auxl"})
"""References of a track that holds thumbnails of another, or its alpha or depth (§8.3.3)."""
_SYSTEMS_CODEC = "mp4s"
"""Scenes and object descriptors (ISO/IEC 14496-14 §5.6), for which players have no decoder."""
SYSTEMS = "a stream of MPEG-4 Systems"
"""Why such a track is set aside, although it may be the picture."""
_SAME_SCALE = 0.01
"""Up to this difference a matrix scales both directions alike: FFmpeg's bound."""


class TrackHeader(NamedTuple):
    """``tkhd`` (§8.3.2). ``size`` is the presentation's, in whole pixels, before the matrix."""

    track_id: int
    enabled: bool
    ticks: int | None
    matrix: tuple[int, int, int, int]
    size: tuple[int, int]


@frozen
class MovieContext:
    """The facts that a track takes from around it: the movie's clock and matrix, and whether fragments follow.

    ``structure`` is the boxes of the file that hold no media.
    """

    timescale: int
    matrix: tuple[int, int, int, int] = IDENTITY
    fragmented: bool = False
    structure: Sequence[Box] = ()


def read_track(cursor: Cursor, trak: Box, movie: MovieContext) -> Generator[Span, bytes, Track]:
    """One ``trak``. Sample tables are looked at as far as they are held.

    In a fragmented file ``ticks`` are those of the samples that the movie box itself lists, whatever its header
    claims, for the fragments come on top.

    Raises ``MediaError`` when a box that every track must have is missing or broken.
    """
    boxes = yield from children(cursor, trak)
    tkhd, mdia = only(boxes, "tkhd"), first(boxes, "mdia")
    if tkhd is None or mdia is None:
        corrupt(f"has a track without '{'tkhd' if tkhd is None else 'mdia'}'", offset=trak.start, where=trak.path)
    header = parse_tkhd((yield from payload(cursor, tkhd, at_least=84)))
    edits = yield from read_edits(cursor, first(boxes, "edts"))
    references = yield from _read_references(cursor, first(boxes, "tref"))

    media = yield from children(cursor, mdia, wanted=_MDIA)
    mdhd, hdlr, minf = only(media, "mdhd"), first(media, "hdlr"), first(media, "minf")
    if mdhd is None or hdlr is None:
        corrupt(f"has a track without '{'mdhd' if mdhd is None else 'hdlr'}'", offset=mdia.start, where=mdia.path)
    timescale, told = parse_clock((yield from payload(cursor, mdhd, at_least=20)), mdhd)
    handler = (yield from payload(cursor, hdlr, at_least=12))[8:12].decode("latin-1")

    entry, external, samples = None, False, Samples()
    if minf is not None:
        inner = yield from children(cursor, minf, wanted=_MINF)
        external = yield from _refers_outside(cursor, first(inner, "dinf"))
        stbl = first(inner, "stbl")
        if stbl is not None:
            entry = yield from read_sample_entry(cursor, stbl, handler)
            times_only = told is None or movie.fragmented
            around = Surroundings(movie.structure, entry.entries if entry else None)
            samples = yield from read_samples(cursor, stbl, around, times_only=times_only)

    ticks = samples.ticks if told is None or movie.fragmented else told
    told_seconds = _seconds(told, timescale)
    rotation = rotation_of(header.matrix, movie.matrix)
    return Track(
        id=header.track_id,
        handler=handler,
        codec=entry.codec if entry else None,
        ticks=ticks,
        timescale=timescale,
        enabled=header.enabled,
        encrypted=entry.encrypted if entry else False,
        descriptions=entry.entries if entry else 0,
        coded_size=entry.coded_size if entry else None,
        display_size=_displayed(header, entry, rotation),
        rotation=rotation,
        duration=_shown(edits, told, samples, timescale, movie),
        times=TrackTimes(
            header=_seconds(header.ticks, movie.timescale),
            media=told_seconds,
            samples=told_seconds if samples.ticks == told else _seconds(samples.ticks, timescale),
            edited=Fraction(sum(edit.ticks for edit in edits), movie.timescale) if edits else None,
            start=empty_at_start(edits, movie.timescale) if edits else Fraction(_start(samples, told), timescale),
            skipped=Fraction(next((edit.media_time for edit in edits if not edit.is_empty), 0), timescale),
        ),
        external=external,
        data_end=None if external else samples.data_end,
        samples=samples.count,
        flaw=None if external or (movie.fragmented and not samples.listed) else samples.flaw,
        chapters=references.get("chap", ()),
        aside=_aside(handler, entry, samples, references) if not movie.fragmented else None,
        frames=samples.frames if handler == "vide" else None,
        bit_depth=entry.pixels.bit_depth if entry else None,
        hdr=entry.pixels.hdr if entry else None,
        sound=entry.sound if entry else None,
    )


def _aside(
    handler: str, entry: SampleEntry | None, samples: Samples, references: Mapping[str, tuple[int, ...]]
) -> str | None:
    """The kind of a video track that by itself is not a moving picture."""
    if handler != "vide":
        return None
    if entry is not None and entry.codec == _SYSTEMS_CODEC:
        return SYSTEMS
    if not _SERVES_ANOTHER.isdisjoint(references):
        return "thumbnails or a mask of another track"
    return "a single picture" if samples.count == 1 else None


def _shown(
    edits: tuple[Edit, ...], told: int | None, samples: Samples, timescale: int, movie: MovieContext
) -> Fraction | None:
    """Seconds of the track that are shown: no more than its samples last, nor than its header says."""
    if told is None or movie.fragmented:
        return shown(edits, Media(samples.ticks, timescale, _begin(samples, told)), movie.timescale)
    length = shown(edits, Media(samples.ticks or told, timescale, _begin(samples, told)), movie.timescale)
    return min(length, Fraction(told, timescale)) if length is not None else None


def _begin(samples: Samples, told: int | None) -> int | None:
    """Where the media begins; ``None`` where the first offset is wild, and tells of its own frame alone.

    So it is where it leads farther than the media is long: players then show every frame but that one.
    """
    begin, ticks = samples.begin, samples.ticks or told
    return None if begin is not None and ticks and abs(begin) > ticks else begin


def _start(samples: Samples, told: int | None) -> int:
    """When a track without edits begins. FFmpeg lets all streams begin where a wild negative offset leads."""
    begin = _begin(samples, told)
    return begin if begin is not None else max(samples.begin or 0, 0)


def _seconds(ticks: int | None, timescale: int) -> Fraction | None:
    return Fraction(ticks, timescale) if ticks is not None else None


def parse_tkhd(data: bytes) -> TrackHeader:
    """``tkhd``, version 0 or 1. ``data`` holds at least 84 bytes."""
    wide = data[0] == 1
    at = 20 if wide else 12
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

    Raises ``MediaError`` for a timescale of 0, with which no time can be told, and for an ``mdhd`` of an unknown
    version, which FFmpeg refuses.
    """
    wide = data[0] == 1
    if data[0] > 1 and box.fourcc == "mdhd":
        corrupt(f"has box '{box.path}' at byte {box.start} of version {data[0]}", offset=box.start, where=box.path)
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


def _displayed(header: TrackHeader, entry: SampleEntry | None, rotation: int) -> tuple[int, int] | None:
    coded = entry.coded_size if entry else None
    if entry is None or coded is None:
        return display_size(header.size, (1, 1), rotation)
    aspect = entry.pixel_aspect or _header_aspect(header, coded) or entry.pixels.aspect or (1, 1)
    return display_size(coded, aspect, rotation)


def _header_aspect(header: TrackHeader, coded: tuple[int, int]) -> tuple[int, int] | None:
    """The pixel aspect that the track header implies; ``None`` where it shows the picture as it is coded.

    Its matrix may scale, or its size differ from the coded one. This is FFmpeg's order and MediaInfo's, too: ``pasp``,
    the matrix, the size, and last what the stream says of itself.
    """
    a, b, c, d = header.matrix
    across, down = hypot(a, c), hypot(b, d)
    if across > 1 and down > 1 and abs(across / down - 1) > _SAME_SCALE:
        ratio = Fraction(across / down).limit_denominator(1 << 16)
        return ratio.numerator, ratio.denominator
    if all(header.size) and all(coded) and header.size != coded:
        return coded[1] * header.size[0], coded[0] * header.size[1]
    return None


def display_size(coded: tuple[int, int], pixel_aspect: tuple[int, int], rotation: int) -> tuple[int, int] | None:
    """Pixels on a screen with square pixels, upright; ``None`` when the size is unknown."""
    width, height = coded
    if not width or not height:
        return None
    across, down = pixel_aspect
    if across and down:
        width = round(Fraction(width * across, down))
    return (height, width) if rotation in (90, 270) else (width, height)


def _read_references(cursor: Cursor, tref: Box | None) -> Generator[Span, bytes, dict[str, tuple[int, ...]]]:
    """The tracks that this one refers to, by the kind of reference (§8.3.3; ``chap``: QuickTime File Format)."""
    found: dict[str, tuple[int, ...]] = {}
    for box in (yield from children(cursor, tref)) if tref is not None else ():
        data = yield from payload(cursor, box, at_most=4 * limits.MAX_TRACKS)
        found[box.fourcc] = tuple(number for (number,) in Struct(">I").iter_unpack(data[: len(data) // 4 * 4]))
    return found


def _refers_outside(cursor: Cursor, dinf: Box | None) -> Generator[Span, bytes, bool]:
    """Whether a data reference (§8.7.2) points to another file."""
    if dinf is None:
        return False
    dref = first((yield from children(cursor, dinf)), "dref")
    if dref is None:
        return False
    data = yield from payload(cursor, dref, at_least=8)
    declared, size = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
    if not 0 < declared <= (len(data) - 1) // _LEAST_REFERENCE_BYTES + 1 or size < _LEAST_REFERENCE_BYTES:
        corrupt(
            f"has box '{dref.path}' at byte {dref.start} with {declared} entries, the first of {size} bytes",
            offset=dref.start,
            where=dref.path,
        )
    return any(len(entry) >= 4 and not entry[3] & _SELF_CONTAINED for _, entry in children_in(data, 8, dref.path))
