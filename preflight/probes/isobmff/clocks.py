"""The clocks of a clip: the length that each known reader sees, from its boxes.

``mvhd`` is what FFmpeg before 7 calls the format's duration. FFmpeg 7 and newer adds the streams up: from the start of
the first to the end of the last, empty edits and composition offsets included. ffprobe's duration of a stream is the
least of ``mdhd``, the sample table and the sum of the edits, empty ones included. MediaInfo takes ``tkhd`` for a track,
and the longest track of any kind for the file. docs/price.md has them in a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import ceil

from preflight.model import Clock, Durations, Track
from preflight.probes.isobmff.fragments import Fragments

_PLAYED = frozenset({"vide", "soun"})
_TEXT_WITHIN_S = 1
"""FFmpeg lets text and data make a file longer by less than a second (``update_stream_timings``)."""
_EXACT = frozenset({"streams", "track_header", "longest_track"})
_TOLERANCE = Fraction(2, 1000)
"""Lengths in whole milliseconds, or in ticks of the movie, are the same length."""


def main_track(tracks: Iterable[Track], handler: str) -> Track | None:
    """The track that players choose: the first enabled one of its kind, else the first. Pictures set aside are not."""
    candidates = [track for track in tracks if track.handler == handler and track.aside is None]
    return next((track for track in candidates if track.enabled), candidates[0] if candidates else None)


def plain_durations(tracks: Sequence[Track], movie: Fraction | None, movie_timescale: int) -> Durations:
    """The clocks of a file that is not fragmented. ``movie`` is the duration in ``mvhd``, ``None`` for 0 or unknown."""
    video, audio = main_track(tracks, "vide"), main_track(tracks, "soun")
    shown = video.duration if video else None
    container = movie if movie is not None else max(_known(track.duration for track in tracks), default=None)
    near = max(_TOLERANCE, Fraction(1, movie_timescale))
    others = list(_new([container, shown], _readings(tracks, video, movie), near))
    named = [container, shown, *(clock.seconds for clock in others)]
    return Durations(
        container=container,
        video=shown,
        audio=audio.duration if audio else None,
        others=tuple(others),
        hints=tuple(_new(named, _hints(video), near)),
        doubt=_doubt(video, movie),
    )


def _readings(tracks: Sequence[Track], video: Track | None, movie: Fraction | None) -> Iterator[Clock]:
    lengths = [(track, length) for track in tracks if (length := _stream_length(track)) is not None]
    if streams := _added_up([(track.handler, track.times.start, length) for track, length in lengths]):
        yield Clock(name="streams", seconds=streams)
    yield from (Clock(name="video_stream", seconds=length) for track, length in lengths if track is video)
    if video is not None and video.times.header is not None:
        yield Clock(name="track_header", seconds=video.times.header)
    if longest := max(_known(track.times.header or track.duration for track in tracks), default=None):
        yield Clock(name="longest_track", seconds=longest)
    if video is None:
        return
    if movie is None and video.times.header is None and video.times.media is None:
        yield Clock(name="headers", seconds=Fraction(0))
    if video.times.samples == 0 and video.samples:
        yield Clock(name="samples", seconds=Fraction(0))


def _hints(video: Track | None) -> Iterator[Clock]:
    """Lengths in the file that count only for readers that do not follow edit lists or that count frames."""
    if video is None:
        return
    whole = video.times.samples or video.times.media
    if whole is not None and video.times.edited is not None:
        yield Clock(name="media", seconds=whole)
    if video.times.samples:
        yield Clock(name="samples", seconds=video.times.samples)


def _doubt(video: Track | None, movie: Fraction | None) -> str | None:
    if video is None:
        return None
    told = {"mvhd": movie, "tkhd": video.times.header, "mdhd": video.times.media}
    silent = [f"'{name}'" for name, length in told.items() if length is None]
    return f"there is no length in {' and '.join(silent)}, and some readers take that for 0 s" if silent else None


def fragmented_durations(
    tracks: Sequence[Track], fragments: Fragments, movie: Fraction | None, extends: Fraction | None
) -> Durations:
    """The clocks of a file whose samples are in fragments: the samples count, and headers are compared with them.

    ``extends`` is the duration in ``mehd``. What the movie box says of a fragmented file may be the length of its
    first fragment, so that only longer lengths contradict the fragments. FFmpeg takes the longer of ``mdhd`` and the
    fragments.
    """
    video, audio = main_track(tracks, "vide"), main_track(tracks, "soun")
    ends = fragments.seconds(tracks)
    shown = ends.get(video.id) if video else None
    if not ends:
        return Durations()
    container = max(ends.values())
    others = list(_new([container, shown], _fragment_readings(tracks, video, fragments, ends), _TOLERANCE))
    named = [container, shown, *(clock.seconds for clock in others)]
    hints = [
        *(Clock(name="movie_header", seconds=movie) for _ in (1,) if movie and movie > container),
        *(Clock(name="movie_extends", seconds=extends) for _ in (1,) if extends),
        *(Clock(name="segment_index", seconds=seconds) for seconds in fragments.listed(tracks).values()),
    ]
    return Durations(
        container=container,
        video=shown,
        audio=ends.get(audio.id) if audio else None,
        others=tuple(others),
        hints=tuple(_new(named, hints, _TOLERANCE)),
        doubt=_unfinished(fragments),
    )


def _unfinished(fragments: Fragments) -> str | None:
    at = fragments.stopped_at
    return f"at byte {at} there is no box, and more fragments may follow" if at and fragments.may_go_on else None


def _fragment_readings(
    tracks: Sequence[Track], video: Track | None, fragments: Fragments, ends: dict[int, Fraction]
) -> Iterator[Clock]:
    by_id = {track.id: track for track in tracks}
    starts = fragments.start_seconds(tracks)
    streams = _added_up([(by_id[key].handler, starts.get(key, Fraction(0)), ends[key]) for key in ends])
    if streams:
        yield Clock(name="streams", seconds=streams)
    if video is None or video.id not in ends:
        return
    if video.times.media is not None and video.times.media > ends[video.id]:
        yield Clock(name="media_header", seconds=video.times.media)
    if first := fragments.first_seconds(tracks).get(video.id):
        yield Clock(name="span", seconds=ends[video.id] - first)


def _stream_length(track: Track) -> Fraction | None:
    """The duration of a stream by ffprobe; ``None`` where it has none."""
    times = track.times
    if times.media is None:
        return None
    return min(_known((times.media, times.samples or None, times.edited)))


def _added_up(streams: Sequence[tuple[str, Fraction, Fraction]]) -> Fraction | None:
    """max(start + length) − min(start) over (handler, start, length), as FFmpeg 7 and newer adds streams up."""
    played = [(start, start + length) for handler, start, length in streams if handler in _PLAYED]
    other = [(start, start + length) for handler, start, length in streams if handler not in _PLAYED]
    if not played:
        played = other
    if not played:
        return None
    begin, end = min(start for start, _ in played), max(end for _, end in played)
    longest = max(length for handler, _, length in streams if handler in _PLAYED or played is other)
    if other and 0 < begin - (first := min(start for start, _ in other)) < _TEXT_WITHIN_S:
        begin = first
    if other and 0 < (last := max(end for _, end in other)) - end < _TEXT_WITHIN_S:
        end = last
    return max(end - begin, longest)


def _new(known: Sequence[Fraction | None], clocks: Iterable[Clock], near: Fraction) -> Iterator[Clock]:
    """The ``clocks`` that differ from the ``known`` lengths, and from one another, to within ``near``.

    What a reader takes for the length is exact. It is new, too, where whole seconds lie between: rounded up, it costs
    another.
    """
    seen = list(_known(known))
    for clock in clocks:
        if clock.seconds in seen:  # as nearly always
            continue
        exact = clock.name in _EXACT
        if not any(_is_near(clock.seconds, other, near, exact=exact) for other in seen):
            seen.append(clock.seconds)
            yield clock


def _is_near(one: Fraction, other: Fraction, near: Fraction, *, exact: bool) -> bool:
    return abs(one - other) <= near and not (exact and ceil(one) != ceil(other))


def _known(lengths: Iterable[Fraction | None]) -> Iterator[Fraction]:
    return (length for length in lengths if length is not None)
