"""Rewrites a clip with FFmpeg's libraries. Runs only in the process of ``worker.py``.

Packets are held in memory and copied unchanged wherever that is possible. Their times are computed again, so that
every clock of the result (movie box, track, edit list) agrees.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, BinaryIO, NoReturn

import av
import av.logging
from av.container import InputContainer, OutputContainer
from av.stream import Disposition

from preflight.fix import cutting, encode
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
_FAST_START = {"movflags": "+faststart"}
_DOLBY_VISION = {"strict": "unofficial"}
"""FFmpeg writes the box of Dolby Vision only if it may go beyond the standard."""
_HEVC_TAG = "hvc1"
"""Parameter sets in the sample entry, as FFmpeg writes them; Apple's players show nothing for ``hev1``."""
_KEPT = frozenset({"hvc1", "hev1", "dvh1", "dvhe", "avc1", "avc3", "dva1", "dvav", "av01", "vp09"})
"""Tags of pictures that an MP4 holds under the same name."""
_SOUND_BEFORE_S = 1
"""Seconds of sound before a part that are held, so that its decoder settles."""
_NAMES = {"matroska": "Matroska", "mpegts": "MPEG-TS", "mpeg": "MPEG-PS", "asf": "WMV", "mov": "MP4"}


def write_clip(source: BinaryIO, target: BinaryIO, again: BinaryIO, recipe: VideoRecipe) -> WorkerOutcome:
    """Write the clip of ``source`` again, into ``target``; ``again`` reads the bytes written there.

    Raises ``Refused``, and any error of FFmpeg.
    """
    av.logging.set_level(None)
    with (
        av.open(source, "r", container_options={"format_whitelist": _FORMATS}, io_open=_nothing_else) as given,
        av.open(
            target, "w", format="mp4", options=_DOLBY_VISION, container_options=_FAST_START, io_open=lambda *_: again
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
    if made_at := given.metadata.get("creation_time"):
        made.metadata["creation_time"] = made_at
    held, skipped = _gather(given, picture, sounds, recipe)
    begin = first_shown(held[picture.index]) * picture.time_base
    shown = picture_timeline(held[picture.index], picture.time_base)
    name = _NAMES.get(given.format.name.split(",")[0], given.format.name.upper())
    wanted = recipe if recipe.start is None else replace(recipe, start=max(recipe.start - skipped, Fraction(0)))
    clip = _Clip(made=made, picture=picture, shown=shown, container=name, sounds=len(sounds), skipped=skipped)
    stream, track, offset, done = _write_picture(clip, wanted)
    tracks = [(stream, track)]
    length = track.seconds
    for sound in sounds:
        heard = sound_timeline(held[sound.index], sound.time_base, begin + offset)
        if length > shown.seconds:
            heard = sound_repeated(heard, shown.seconds, length)
        tracks += _sound(made, sound, heard, length, done)
    others = len(given.streams) - 1 - len(sounds)
    if others:
        done.append(f"{others} other track{'s' if others > 1 else ''} left out")
    _mux(made, tracks)
    return list(dict.fromkeys(done))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    """A clip on its way: ``skipped`` seconds of it come before ``shown``, the held track of ``picture``."""

    made: OutputContainer
    picture: Any
    shown: Timeline
    container: str
    sounds: int
    skipped: Fraction


def _write_picture(clip: _Clip, recipe: VideoRecipe) -> tuple[Any, Timeline, Fraction, list[str]]:
    """The new stream and its track, at which second of ``clip.shown`` it begins, and the changes."""
    shown, why = clip.shown, ""
    part: cutting.Part | None = None
    if recipe.start is not None and not recipe.recode and not recipe.exact:
        found = cutting.at_key_frame(shown, recipe)
        if isinstance(found, cutting.Part):
            part = found
        else:
            why = f", because {found}"
    if recipe.recode or (recipe.start is not None and part is None):
        offset = recipe.start or Fraction(0)
        stream, track, what = encode.encode_picture(
            clip.made, clip.picture, shown, recipe, begin=offset, sounds=clip.sounds
        )
        done = [f"picture encoded as {what}{why}, in a fast-start MP4"]
    else:
        offset = part.begin if part else Fraction(0)
        stream, track = _kept(clip.made, clip.picture, part.track if part else shown, recipe)
        what = "remuxed to" if clip.container == "MP4" else f"remuxed from {clip.container} to"
        done = [f"{what} fast-start MP4 (no re-encoding)"]
    if recipe.start is not None:
        done.append(cutting.described(recipe.start, offset, track.seconds, clip.skipped))
    elif track.seconds < shown.seconds:
        at = "" if recipe.recode else ", the last point that needs no re-encoding"
        done.append(f"cut at {show_seconds(track.seconds)}{at}")
    elif track.seconds > shown.seconds:
        done.append(f"repeated, from {show_seconds(shown.seconds)} to {show_seconds(track.seconds)}")
    return stream, track, offset, done


def _main_streams(given: InputContainer) -> tuple[Any, list[Any]]:
    """The video track that players show, and all sound."""
    moving = [stream for stream in given.streams.video if not stream.disposition & Disposition.attached_pic]
    if not moving:
        raise Refused("it has no picture track that can be read")
    shown = next((stream for stream in moving if stream.disposition & Disposition.default), moving[0])
    if shown.codec_context is None:
        raise Refused("its picture has an unknown codec")
    return shown, [stream for stream in given.streams.audio if stream.codec_context is not None]


def _gather(
    given: InputContainer, picture: Any, sounds: list[Any], recipe: VideoRecipe
) -> tuple[dict[int, list[Sample]], Fraction]:
    """The packets up to some seconds after the end, in decoding order, by stream, and how many seconds were skipped.

    For a part, those before the last key frame that comes no later than its start are let go.
    """
    start = recipe.start or Fraction(0)
    until = start + recipe.max_seconds
    held: dict[int, list[Sample]] = {stream.index: [] for stream in (picture, *sounds)}
    size = 0
    origin: int | None = None
    first: int | None = None
    begin: int | None = None
    for packet in given.demux([picture, *sounds]):
        if not packet.size:
            continue
        if packet.is_corrupt:
            raise Refused("some of it is damaged")
        decoded = packet.dts if packet.dts is not None else packet.pts
        shown = packet.pts if packet.pts is not None else packet.dts
        if decoded is None or shown is None:
            raise Refused("it does not say when its packets are shown")
        is_picture = packet.stream_index == picture.index
        if is_picture:
            begin = decoded if begin is None else begin
            if not packet.is_discard:
                origin = shown if origin is None or (first is None and shown < origin) else origin
                if packet.is_keyframe and (shown - origin) * picture.time_base <= start and shown > origin:
                    first = shown
                    size -= _let_go(held, picture, sounds, shown)
            if first is not None and shown < first:
                continue  # it refers to frames before the key frame
        size += packet.size
        if size > HELD_BYTES:
            raise Refused(f"it has more than {HELD_BYTES // 2**20} MiB in {show_seconds(recipe.max_seconds)}")
        held[packet.stream_index].append(
            Sample(
                packet=packet,
                pts=shown,
                duration=packet.duration or 0,
                hidden=packet.is_discard,
                key=packet.is_keyframe,
            )
        )
        if is_picture and begin is not None and (decoded - begin) * picture.time_base > until + _AHEAD_S:
            break
    skipped = (first - origin) * picture.time_base if first is not None and origin is not None else Fraction(0)
    return held, skipped


def _let_go(held: dict[int, list[Sample]], picture: Any, sounds: list[Any], pts: int) -> int:
    """Drop what comes before the key frame at ``pts``; how many bytes that were."""
    before: int = sum(sample.packet.size for samples in held.values() for sample in samples)
    held[picture.index].clear()
    for sound in sounds:
        least = (pts * picture.time_base - _SOUND_BEFORE_S) / sound.time_base
        held[sound.index] = [sample for sample in held[sound.index] if sample.pts >= least]
    after: int = sum(sample.packet.size for samples in held.values() for sample in samples)
    return before - after


def _kept(made: OutputContainer, picture: Any, shown: Timeline, recipe: VideoRecipe) -> tuple[Any, Timeline]:
    """The picture without encoding it again, cut or repeated."""
    codec = picture.codec_context.codec.canonical_name
    if codec not in _IN_MP4:
        raise Refused(f"its picture is {codec}, which MP4 does not hold; --unsafe encodes it as H.264")
    track = ending_by(shown, recipe.max_seconds)
    if recipe.min_seconds is not None and track.seconds < recipe.min_seconds:
        track = repeated(track, recipe.min_seconds)
    stream: Any = made.add_stream_from_template(picture, opaque=True)
    if codec == "hevc" or picture.codec_context.codec_tag in _KEPT:
        own = picture.codec_context.codec_tag
        stream.codec_context.codec_tag = own if own in _KEPT else _HEVC_TAG
    return stream, track


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
        copy: Any = made.add_stream_from_template(sound, opaque=True)
        copy.metadata.update(_language(sound))
        yield copy, ended
    else:
        stream, encoded = encode.encode_sound(made, sound, ended)
        stream.metadata.update(_language(sound))
        done.append(f"sound encoded as AAC, because MP4 does not hold {codec}")
        yield stream, sound_until(encoded, length)


def _language(sound: Any) -> dict[str, str]:
    return {name: value for name, value in sound.metadata.items() if name == "language"}


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
