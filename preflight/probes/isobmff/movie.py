"""A clip: its layout, its movie box, and what both add up to (ISO/IEC 14496-12 §8.2)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from fractions import Fraction
from struct import Struct

from preflight.model import DefectKind, Durations, Family, Span, Track, VideoFacts
from preflight.model.facts import Defect, MediaError
from preflight.model.frozen import frozen
from preflight.model.video import FrameTimes
from preflight.probes import limits
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.isobmff.boxes import (
    Box,
    children,
    corrupt,
    first,
    payload,
)
from preflight.probes.isobmff.clocks import fragmented_durations, main_track, plain_durations
from preflight.probes.isobmff.completeness import check_media
from preflight.probes.isobmff.compressed import read_compressed
from preflight.probes.isobmff.fragments import Fragments, read_fragments
from preflight.probes.isobmff.runs import Defaults, joined, read_mvex
from preflight.probes.isobmff.top_level import Layout, walk
from preflight.probes.isobmff.tracks import IDENTITY, SYSTEMS, MovieContext, parse_clock, read_track

_AUDIO_BRANDS = frozenset({"M4A ", "M4B ", "M4P "})
_CLIP_CODECS = frozenset({"avc1", "avc3", "hvc1", "hev1", "vp09", "av01"})
"""Codecs of a moving picture even in a file whose brand says sound."""
_WITHOUT_PICTURES = frozenset({"soun", "text", "sbtl", "subt", "clcp", "tmcd", "hint", "meta"})
"""Handlers of tracks whose samples are no pictures."""
_MATRIX = Struct(">ii4xii")


@frozen
class _Movie:
    """The movie box."""

    timescale: int
    duration: Fraction | None
    tracks: tuple[Track, ...]
    fragments: Defaults | None
    encrypted: bool


def probe_movie(cursor: Cursor) -> Generator[Span, bytes, VideoFacts]:
    """Everything the file says of itself. Never raises: breaches of the format end up in ``defects``.

    Durations are exact. One read for a fast-start file, two when ``moov`` is last.
    """
    layout = Layout()
    movie: _Movie | None = None
    fragments: Fragments | None = None
    durations = Durations()
    try:
        yield from walk(cursor, layout)
        if layout.moov is not None:
            movie = yield from _read_movie_box(cursor, layout)
            if movie.fragments is not None:
                fragments = yield from read_fragments(cursor, movie.tracks, movie.fragments, layout.moov.end)
            durations = _durations(movie, fragments)
            check_media(cursor.size, layout, movie.tracks, fragments)
    except MediaError as error:
        if not _follows_from_cut(cursor, layout, error.defect):
            layout.defects.append(error.defect)
    return _facts(cursor, layout, movie, durations, fragments)


def _follows_from_cut(cursor: Cursor, layout: Layout, defect: Defect) -> bool:
    """Whether a broken box is only what is left of a movie box that was cut short, which is reported already."""
    cut = layout.moov is not None and cursor.size is not None and layout.moov.end > cursor.size
    return cut and (defect.kind is DefectKind.CORRUPT or defect.where == "moov/cmov")


def _read_movie_box(cursor: Cursor, layout: Layout) -> Generator[Span, bytes, _Movie]:
    """The movie in ``moov``, or in the movie box that is compressed in there."""
    moov = layout.moov
    assert moov is not None, "only called with one"
    boxes = yield from children(cursor, moov)
    cmov = first(boxes, "cmov")
    if cmov is None:
        return (yield from _read_movie(cursor, moov, boxes, layout))
    plain, inner = yield from read_compressed(cursor, cmov)
    try:
        return (yield from _read_movie(plain, inner, (yield from children(plain, inner)), layout))
    except MediaError as error:
        # Its offsets are not offsets in the file.
        message = f"{error.defect.message}, in its compressed 'moov' box"
        raise MediaError(replace(error.defect, message=message, offset=cmov.start, where=cmov.path)) from error


def _read_movie(cursor: Cursor, moov: Box, boxes: list[Box], layout: Layout) -> Generator[Span, bytes, _Movie]:
    by_type = {box.fourcc: box for box in reversed(boxes)}
    if (mvhd := by_type.get("mvhd")) is None:
        corrupt("has a 'moov' box without 'mvhd'", offset=moov.start, where=moov.path)
    data = yield from payload(cursor, mvhd, at_least=20)
    timescale, ticks = parse_clock(data, mvhd)
    matrix_at = 48 if data[0] == 1 else 36
    matrix = _MATRIX.unpack_from(data, matrix_at) if len(data) >= matrix_at + 36 else IDENTITY
    traks = [box for box in boxes if box.fourcc == "trak"]
    if len(traks) > limits.MAX_TRACKS:
        give_up(f"has {len(traks)} tracks; {limits.MAX_TRACKS} are read", offset=moov.start, where=moov.path)
    context = MovieContext(
        timescale=timescale, matrix=matrix, fragmented="mvex" in by_type, structure=_without_media(layout)
    )
    tracks = []
    for trak in traks:
        track = yield from read_track(cursor, trak, context)
        tracks.append(track)
    mvex = by_type.get("mvex")
    return _Movie(
        timescale=timescale,
        duration=Fraction(ticks, timescale) if ticks is not None else None,
        tracks=_set_aside(tracks, layout.brands[0] if layout.brands else None),
        fragments=(yield from read_mvex(cursor, mvex)) if mvex is not None else None,
        encrypted="pssh" in by_type or any(track.encrypted for track in tracks),
    )


def _without_media(layout: Layout) -> tuple[Box, ...]:
    """The boxes that hold no sample. Media outside ``mdat`` is legal, and found where there is no ``mdat`` at all."""
    certain = ("ftyp", "moov")
    return tuple(box for box in layout.structure if layout.saw_mdat or box.fourcc in certain)


def _set_aside(tracks: Sequence[Track], major_brand: str | None) -> tuple[Track, ...]:
    """The tracks, with those of handler ``vide`` marked that are shown beside a clip and are not its picture.

    Those are the artwork of chapters, which another track names in ``tref/chap`` (QuickTime File Format, chapter
    lists), and still pictures in a file whose brand says sound.
    """
    chapters = {number for track in tracks for number in track.chapters if number != track.id}

    def reason(track: Track) -> str | None:
        if track.handler != "vide" or track.aside is not None:
            return track.aside
        if track.id in chapters:
            return "pictures of chapters"
        return "artwork of a sound file" if major_brand in _AUDIO_BRANDS and track.codec not in _CLIP_CODECS else None

    return tuple(replace(track, aside=why) if (why := reason(track)) else track for track in tracks)


def _durations(movie: _Movie, fragments: Fragments | None) -> Durations:
    # A movie box that could have fragments and has all samples itself is like any other.
    if movie.fragments is None or fragments is None or fragments.are_absent:
        return plain_durations(movie.tracks, movie.duration, movie.timescale)
    extends = movie.fragments.movie_ticks
    return fragmented_durations(
        movie.tracks, fragments, movie.duration, Fraction(extends, movie.timescale) if extends else None
    )


def _facts(
    cursor: Cursor, layout: Layout, movie: _Movie | None, durations: Durations, fragments: Fragments | None
) -> VideoFacts:
    major = layout.brands[0] if layout.brands else None
    tracks = movie.tracks if movie else ()
    # A lone track of one picture is not a clip, and yet the size that every reader names.
    video = main_track(tracks, "vide") or (tracks[0] if len(tracks) == 1 and tracks[0].handler == "vide" else None)
    width, height = (video.coded_size or (None, None)) if video else (None, None)
    sound = main_track(tracks, "soun")
    timed = _frames(video, fragments) if video else None
    return VideoFacts(
        container="MOV" if major == "qt  " or (major is None and not layout.saw_fragment) else "MP4",
        family=_family(tracks, layout),
        size_bytes=cursor.size,
        major_brand=major,
        brands=layout.brands,
        width=width,
        height=height,
        display_size=video.display_size if video else None,
        rotation=video.rotation if video else None,
        codec=video.codec if video else None,
        durations=durations,
        tracks=tracks,
        fragmented=(movie.fragments is not None) if movie else layout.saw_fragment or None,
        fast_start=not layout.mdat_before_moov if layout.moov else None,
        encrypted=movie.encrypted if movie else False,
        missing_bytes=layout.missing_bytes,
        defects=tuple(layout.defects),
        oddities=tuple(layout.oddities),
        frame_rate=Fraction(timed.frames * video.timescale, timed.ticks) if video and timed else None,
        frame_seconds=(Fraction(timed.shortest, video.timescale), Fraction(timed.longest, video.timescale))
        if video and timed
        else None,
        variable_frame_rate=timed.vary if timed else None,
        bit_depth=video.bit_depth if video else None,
        hdr=video.hdr if video else None,
        audio=sound.sound if sound else None,
    )


def _family(tracks: tuple[Track, ...], layout: Layout) -> Family:
    """Sound where no track but artwork may hold pictures; else a clip: damage, or a stream of Systems, may hide one."""
    handlers = {track.handler for track in tracks if track.aside in (None, SYSTEMS)}
    is_whole = all(each.kind not in (DefectKind.CORRUPT, DefectKind.UNREADABLE) for each in layout.defects)
    return Family.AUDIO if is_whole and "soun" in handlers <= _WITHOUT_PICTURES else Family.VIDEO


def _frames(video: Track, fragments: Fragments | None) -> FrameTimes | None:
    """How long the frames of the movie box and of its fragments last; ``None`` where they have no time."""
    frames = joined(video.frames, fragments.frames.get(video.id) if fragments else None)
    return frames if frames is not None and frames.ticks > 0 else None
