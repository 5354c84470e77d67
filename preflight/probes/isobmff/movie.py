"""A clip: its layout, its movie box, and what both add up to (ISO/IEC 14496-12 §8.2)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from fractions import Fraction
from struct import Struct

from preflight.model import Defect, DefectKind, Durations, Family, Span, Track, VideoFacts
from preflight.model.facts import MediaError
from preflight.probes import limits
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.isobmff.boxes import (
    Box,
    children,
    corrupt,
    first,
    payload,
)
from preflight.probes.isobmff.compressed import read_compressed
from preflight.probes.isobmff.fragments import Defaults, Fragments, read_fragments, read_mvex
from preflight.probes.isobmff.top_level import Layout, walk
from preflight.probes.isobmff.tracks import IDENTITY, parse_clock, read_track

_PLAYED = frozenset({"vide", "soun"})
_MATRIX = Struct(">ii4xii")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movie:
    """The movie box."""

    timescale: int
    duration: Fraction | None
    tracks: tuple[Track, ...]
    fragments: Defaults | None
    encrypted: bool


def probe_movie(cursor: Cursor) -> Generator[Span, bytes, VideoFacts]:
    """Everything the file says of itself. Never raises: what breaks the format ends up in ``defects``.

    Durations are exact. One read for a fast-start file, two when ``moov`` is last.
    """
    layout = Layout()
    movie: _Movie | None = None
    durations = Durations()
    try:
        yield from walk(cursor, layout)
        if layout.moov is not None:
            movie = yield from _read_movie_box(cursor, layout.moov)
            fragments = None
            if movie.fragments is not None:
                fragments = yield from read_fragments(cursor, movie.tracks, movie.fragments, layout.moov.end)
            durations = _durations(movie, fragments)
            _check_media(cursor, layout, movie, fragments)
    except MediaError as error:
        if not _follows_from_cut(cursor, layout, error.defect):
            layout.defects.append(error.defect)
    return _facts(cursor, layout, movie, durations)


def _follows_from_cut(cursor: Cursor, layout: Layout, defect: Defect) -> bool:
    """Whether a broken box is only what is left of a movie box that was cut short, which is reported already."""
    cut = layout.moov is not None and cursor.size is not None and layout.moov.end > cursor.size
    return cut and (defect.kind is DefectKind.CORRUPT or defect.where == "moov/cmov")


def _read_movie_box(cursor: Cursor, moov: Box) -> Generator[Span, bytes, _Movie]:
    """The movie in ``moov``, or in the movie box that is compressed in there."""
    boxes = yield from children(cursor, moov)
    cmov = first(boxes, "cmov")
    if cmov is None:
        return (yield from _read_movie(cursor, moov, boxes))
    plain, inner = yield from read_compressed(cursor, cmov)
    try:
        return (yield from _read_movie(plain, inner, (yield from children(plain, inner))))
    except MediaError as error:
        # Its offsets are none of the file's.
        message = f"{error.defect.message}, in its compressed 'moov' box"
        raise MediaError(replace(error.defect, message=message, offset=cmov.start, where=cmov.path)) from error


def _read_movie(cursor: Cursor, moov: Box, boxes: list[Box]) -> Generator[Span, bytes, _Movie]:
    by_type = {box.fourcc: box for box in reversed(boxes)}
    if (mvhd := by_type.get("mvhd")) is None:
        corrupt("has a 'moov' box without 'mvhd'", offset=moov.start, where=moov.path)
    data = yield from payload(cursor, mvhd, at_least=20)
    timescale, ticks = parse_clock(data, mvhd)
    matrix_at = 48 if data[0] else 36
    matrix = _MATRIX.unpack_from(data, matrix_at) if len(data) >= matrix_at + 36 else IDENTITY
    traks = [box for box in boxes if box.fourcc == "trak"]
    if len(traks) > limits.MAX_TRACKS:
        give_up(f"has {len(traks)} tracks; {limits.MAX_TRACKS} are read", offset=moov.start, where=moov.path)
    tracks = []
    for trak in traks:
        track = yield from read_track(cursor, trak, timescale, matrix, fragmented="mvex" in by_type)
        tracks.append(track)
    mvex = by_type.get("mvex")
    return _Movie(
        timescale=timescale,
        duration=Fraction(ticks, timescale) if ticks is not None else None,
        tracks=tuple(tracks),
        fragments=(yield from read_mvex(cursor, mvex)) if mvex is not None else None,
        encrypted="pssh" in by_type or any(track.encrypted for track in tracks),
    )


def main_track(tracks: tuple[Track, ...], handler: str) -> Track | None:
    """The track that players choose: the first enabled one of its kind, else the first."""
    candidates = [track for track in tracks if track.handler == handler]
    return next((track for track in candidates if track.enabled), candidates[0] if candidates else None)


def _durations(movie: _Movie, fragments: Fragments | None) -> Durations:
    video, audio = main_track(movie.tracks, "vide"), main_track(movie.tracks, "soun")
    shown = {track.id: track.duration for track in movie.tracks}
    container = movie.duration
    # A movie box that could have fragments and has all samples itself is like any other.
    if movie.fragments is not None and fragments is not None and not fragments.are_absent:
        # What the movie box says of a fragmented file is the length of its first fragment, if anything.
        told = fragments.seconds(movie.tracks)
        shown = {track.id: told.get(track.id) for track in movie.tracks}
        declared = movie.fragments.movie_ticks if told else None
        lengths = [*told.values(), *([Fraction(declared, movie.timescale)] if declared else [])]
        container = max(lengths, default=None)
    elif container is None:
        container = max((length for length in shown.values() if length is not None), default=None)
    return Durations(
        container=container,
        video=shown.get(video.id) if video else None,
        audio=shown.get(audio.id) if audio else None,
    )


def _check_media(cursor: Cursor, layout: Layout, movie: _Movie, fragments: Fragments | None) -> None:
    """Add what is missing of the media that the movie box describes."""
    _check_samples(cursor, layout, movie)
    if fragments is not None and fragments.missing_bytes and cursor.size is not None:
        layout.missing_bytes = max(layout.missing_bytes, fragments.missing_bytes)
        end = cursor.size + fragments.missing_bytes
        message = f"is cut short: its fragments end at byte {end}, the file at {cursor.size}"
        layout.defects.append(Defect(kind=DefectKind.TRUNCATED, message=message))
    elif fragments is not None and fragments.ends_in_header:
        message = f"is cut short: it ends at byte {cursor.size}, after the header of a fragment and before its media"
        layout.defects.append(Defect(kind=DefectKind.TRUNCATED, message=message, offset=cursor.size, where="moof"))
    elif fragments is not None and not fragments.seen and not fragments.starts:
        message = "is an initialization segment: it has 'moov' and no fragment with media"
        layout.defects.append(Defect(kind=DefectKind.INCOMPLETE, message=message))
    elif fragments is None and not layout.saw_mdat and any(not track.external for track in movie.tracks):
        message = "has a 'moov' box and no 'mdat' box: the media itself is missing"
        layout.defects.append(Defect(kind=DefectKind.INCOMPLETE, message=message))


def _check_samples(cursor: Cursor, layout: Layout, movie: _Movie) -> None:
    """Hold the sample tables against the file: a box of whatever size may have been cut, and the tables still tell."""
    ends = (track.data_end or 0 for track in movie.tracks if track.handler in _PLAYED)
    missing = max(ends, default=0) - (cursor.size or 0)
    if cursor.size is None or missing <= 0 or layout.missing_bytes:
        return
    layout.missing_bytes = missing
    message = f"is cut short: its samples end at byte {cursor.size + missing} or later, the file at {cursor.size}"
    layout.defects.append(Defect(kind=DefectKind.TRUNCATED, message=message, offset=cursor.size, where="mdat"))


def _facts(cursor: Cursor, layout: Layout, movie: _Movie | None, durations: Durations) -> VideoFacts:
    major = layout.brands[0] if layout.brands else None
    tracks = movie.tracks if movie else ()
    video = main_track(tracks, "vide")
    width, height = (video.coded_size or (None, None)) if video else (None, None)
    facts = VideoFacts(
        container="MOV" if major == "qt  " or (major is None and not layout.saw_fragment) else "MP4",
        family=Family.VIDEO,
        size_bytes=cursor.size,
        major_brand=major,
        brands=layout.brands,
        durations=durations,
        tracks=tracks,
        fragmented=(movie.fragments is not None) if movie else layout.saw_fragment or None,
        fast_start=not layout.mdat_before_moov if layout.moov else None,
        encrypted=movie.encrypted if movie else False,
        missing_bytes=layout.missing_bytes,
        defects=tuple(layout.defects),
    )
    if video is None:
        return facts
    return replace(
        facts,
        width=width,
        height=height,
        display_size=video.display_size,
        rotation=video.rotation,
        codec=video.codec,
    )
