"""Rewrites a clip with FFmpeg's libraries. Runs only in the process of ``worker.py``.

Packets are held in memory and copied unchanged wherever that is possible. Their times are computed again, so that
every clock of the result (movie box, track, edit list) agrees.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, BinaryIO, NoReturn

import av
import av.logging
from av.container import InputContainer, OutputContainer
from av.stream import Disposition

from preflight.fix import encode
from preflight.fix.recipe import Refused, VideoRecipe, WorkerOutcome
from preflight.fix.timeline import (
    Sample,
    Timeline,
    ending_by,
    first_shown,
    picture_timeline,
    repeated,
    sound_repeated,
    sound_timeline,
    sound_until,
)
from preflight.pricing import show_seconds

HELD_BYTES = 512 * 1024 * 1024
"""Most bytes of packets in memory: 30 s at 143 Mbit/s."""

_AHEAD_S = 3
"""Seconds read beyond the end that is wanted: frames come out of order, and sound after its picture."""

_FORMATS = "mov,matroska,mpegts,mpeg,avi,flv,asf,ogg"
"""The formats to open: no playlist, and no other format that names other files."""

_IN_MP4 = frozenset(
    {"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg"}
    | {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"}
)
_NAMES = {"matroska": "Matroska", "mpegts": "MPEG-TS", "mpeg": "MPEG-PS", "asf": "WMV", "mov": "MP4"}


def write_clip(source: BinaryIO, target: BinaryIO, again: BinaryIO, recipe: VideoRecipe) -> WorkerOutcome:
    """Write the clip of ``source`` again, into ``target``; ``again`` reads the bytes written there.

    Raises ``Refused``, and any error of FFmpeg.
    """
    av.logging.set_level(None)
    with (
        av.open(source, "r", container_options={"format_whitelist": _FORMATS}, io_open=_nothing_else) as given,
        av.open(
            target, "w", format="mp4", container_options={"movflags": "+faststart"}, io_open=lambda *_: again
        ) as made,
    ):
        done = _rewrite(given, made, recipe)
    return WorkerOutcome(container="MP4", done=tuple(done))


def _nothing_else(*_: object) -> NoReturn:
    """A file that refers to another one does not get it."""
    raise Refused("it refers to another file")


def _rewrite(given: InputContainer, made: OutputContainer, recipe: VideoRecipe) -> list[str]:
    """Read, compute the times, encode where necessary, and write. Returns the changes, in words."""
    picture, sounds = _main_streams(given)
    held = _gather(given, picture, sounds, recipe.max_seconds)
    begin = first_shown(held[picture.index]) * picture.time_base
    shown = picture_timeline(held[picture.index], picture.time_base)
    name = _NAMES.get(given.format.name.split(",")[0], given.format.name.upper())
    if recipe.recode:
        tracks = [encode.encode_picture(made, picture, shown, recipe, sounds=len(sounds))]
        done = ["picture encoded as H.264, in a fast-start MP4"]
    else:
        tracks = [_kept(made, picture, shown, recipe)]
        what = "remuxed to" if name == "MP4" else f"remuxed from {name} to"
        done = [f"{what} fast-start MP4 (no re-encoding)"]
    length = tracks[0][1].seconds
    if length < shown.seconds:
        done.append(
            f"cut at {show_seconds(length)}{'' if recipe.recode else ', the last point that needs no re-encoding'}"
        )
    elif length > shown.seconds:
        done.append(f"repeated, from {show_seconds(shown.seconds)} to {show_seconds(length)}")
    for sound in sounds:
        heard = sound_timeline(held[sound.index], sound.time_base, begin)
        if length > shown.seconds:
            heard = sound_repeated(heard, shown.seconds, length)
        tracks += _sound(made, sound, heard, length, done)
    others = len(given.streams) - 1 - len(sounds)
    if others:
        done.append(f"{others} other track{'s' if others > 1 else ''} left out")
    _mux(made, tracks)
    return list(dict.fromkeys(done))


def _main_streams(given: InputContainer) -> tuple[Any, list[Any]]:
    """The video track that players show, and all sound."""
    moving = [stream for stream in given.streams.video if not stream.disposition & Disposition.attached_pic]
    if not moving:
        raise Refused("it has no picture track that can be read")
    shown = next((stream for stream in moving if stream.disposition & Disposition.default), moving[0])
    if shown.codec_context is None:
        raise Refused("its picture has an unknown codec")
    return shown, [stream for stream in given.streams.audio if stream.codec_context is not None]


def _gather(given: InputContainer, picture: Any, sounds: list[Any], until: Fraction) -> dict[int, list[Sample]]:
    """The packets up to some seconds after ``until``, in decoding order, by stream."""
    held: dict[int, list[Sample]] = {stream.index: [] for stream in (picture, *sounds)}
    size, begin = 0, None
    for packet in given.demux([picture, *sounds]):
        if not packet.size:
            continue
        if packet.is_corrupt:
            raise Refused("some of it is damaged")
        decoded = packet.dts if packet.dts is not None else packet.pts
        shown = packet.pts if packet.pts is not None else packet.dts
        if decoded is None or shown is None:
            raise Refused("it does not say when its packets are shown")
        size += packet.size
        if size > HELD_BYTES:
            raise Refused(f"it has more than {HELD_BYTES // 2**20} MiB in its first {show_seconds(until)}")
        held[packet.stream_index].append(
            Sample(packet=packet, pts=shown, duration=packet.duration or 0, hidden=packet.is_discard)
        )
        if packet.stream_index == picture.index:
            begin = shown if begin is None else begin
            if (decoded - begin) * picture.time_base > until + _AHEAD_S:
                break
    return held


def _kept(made: OutputContainer, picture: Any, shown: Timeline, recipe: VideoRecipe) -> tuple[Any, Timeline]:
    """The picture without encoding it again, cut or repeated."""
    codec = picture.codec_context.codec.canonical_name
    if codec not in _IN_MP4:
        raise Refused(f"its picture is {codec}, which MP4 does not hold; --unsafe encodes it as H.264")
    track = ending_by(shown, recipe.max_seconds)
    if recipe.min_seconds is not None and track.seconds < recipe.min_seconds:
        track = repeated(track, recipe.min_seconds)
    return made.add_stream_from_template(picture, opaque=True), track


def _sound(
    made: OutputContainer, sound: Any, heard: Timeline, length: Fraction, done: list[str]
) -> Iterator[tuple[Any, Timeline]]:
    """A sound track, copied or encoded as AAC, no longer than its picture; ``None`` without sound in that time."""
    ended = sound_until(heard, length)
    if heard.seconds > length:
        done.append("sound cut at the end of the picture")
    if not ended.samples:
        return
    codec = sound.codec_context.codec.canonical_name
    if codec in _IN_MP4:
        yield made.add_stream_from_template(sound, opaque=True), ended
    else:
        stream, encoded = encode.encode_sound(made, sound, ended)
        done.append(f"sound encoded as AAC, because MP4 does not hold {codec}")
        yield stream, sound_until(encoded, length)


def _mux(made: OutputContainer, tracks: Iterable[tuple[Any, Timeline]]) -> None:
    """Write the packets of all tracks in decoding order."""
    for _, _, _, stream, sample, time_base in heapq.merge(*(_timed(*each) for each in enumerate(tracks))):
        packet = sample.packet
        packet.time_base, packet.stream = time_base, stream
        packet.pts, packet.dts, packet.duration = sample.pts, sample.dts, sample.duration
        made.mux(packet)


def _timed(index: int, track: tuple[Any, Timeline]) -> Iterator[tuple[Fraction, int, int, Any, Sample, Fraction]]:
    """The samples of a track with their sort key: time, then track, then index."""
    stream, timeline = track
    for place, sample in enumerate(timeline.samples):
        assert sample.dts is not None, "a timeline says when to decode"
        yield sample.dts * timeline.time_base, index, place, stream, sample, timeline.time_base
