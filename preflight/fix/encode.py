"""Encodes picture and sound again where packets cannot be copied. Runs only in the process of ``worker.py``."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any

import av
import av.error
import av.filter
from av.container import OutputContainer

from preflight.fix.recipe import Refused, VideoRecipe
from preflight.fix.timeline import Sample, Timeline, picture_timeline, sound_timeline

QUALITY = 18
"""x264's constant rate factor: the loss is not visible."""

_HDR = frozenset({16, 18})
"""The brightness curves PQ and HLG (Rec. ITU-T H.273, table 3)."""
_TO_SDR = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:out_range=tv:intent=perceptual"
_THREADS = 2
_RESERVE = Fraction(92, 100)
"""The share of the allowed bytes for picture and sound."""

_SOUND_BITS = 192_000
_LEAST_BITS = 200_000
"""Bits a second. Below this a picture is not usable as a reference."""


def encode_picture(
    made: OutputContainer, picture: Any, shown: Timeline, recipe: VideoRecipe, *, begin: Fraction, sounds: int
) -> tuple[Any, Timeline, str]:
    """The picture from second ``begin`` on, upright, with square pixels, exactly as long as allowed.

    Its new stream, its track, and the name of its codec: H.264, or HEVC of 10 bits where it is HDR and stays so.
    """
    wanted = max(min(shown.seconds - begin, recipe.max_seconds), recipe.min_seconds or Fraction(0))
    if wanted <= 0:
        raise Refused("none of its frames is shown after the start that was asked for")
    hdr = picture.codec_context.color_trc in _HDR and not recipe.sdr
    stream: Any = None
    packets: list[Any] = []
    for frame in _filtered(_frames(picture, shown, wanted, begin), picture, recipe, hdr=hdr):
        if stream is None:
            stream = _new_stream(made, picture, frame, recipe, _bits(recipe, wanted, sounds), hdr=hdr)
        packets += stream.encode(frame)
    if stream is None:
        raise Refused("none of its frames can be decoded")
    packets += stream.encode(None)
    time_base = packets[0].time_base
    samples = [Sample(packet=packet, pts=packet.pts) for packet in packets]
    track = picture_timeline(samples, time_base, end=round(wanted / time_base))
    return stream, track, "HEVC of 10 bits, which is HDR as it was" if hdr else "H.264"


def encode_sound(made: OutputContainer, sound: Any, heard: Timeline) -> tuple[Any, Timeline]:
    """The sound as AAC: its new stream and its track."""
    given = sound.codec_context
    layout = "mono" if given.channels == 1 else "stereo"
    stream: Any = made.add_stream("aac", rate=48_000, layout=layout, bit_rate=_SOUND_BITS)
    packets: list[Any] = []
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=48_000)
    begin, counted = max(heard.samples[0].pts, 0) * heard.time_base, 0
    for frame in _decoded(sound, heard):
        for each in resampler.resample(frame):
            each.pts, each.time_base = counted, Fraction(1, 48_000)  # gaps in the sound do not matter here
            counted += each.samples
            packets += stream.encode(each)
    packets += stream.encode(None)
    if not packets:
        raise Refused("its sound cannot be decoded")
    time_base = packets[0].time_base
    samples = [Sample(packet=packet, pts=packet.pts, duration=packet.duration or 1024) for packet in packets]
    return stream, sound_timeline(samples, time_base, -begin)


def _frames(picture: Any, shown: Timeline, wanted: Fraction, begin: Fraction) -> Iterator[Any]:
    """Decoded frames from ``begin`` on and before ``wanted`` seconds after it, repeating the clip if necessary."""
    picture.codec_context.thread_count = _THREADS
    last = -1
    for turn in range(ceil(wanted / shown.seconds)):
        for frame in _from(_decoded(picture, shown), round(begin / shown.time_base)):
            frame.pts += turn * shown.end
            if frame.pts * shown.time_base >= wanted:
                return
            if frame.pts > last:  # a decoder in a damaged stream may repeat frames
                last = frame.pts
                frame.time_base = shown.time_base
                yield frame


def _from(frames: Iterator[Any], tick: int) -> Iterator[Any]:
    """The frames that are shown from ``tick`` on, which is their 0, beginning with the one that is shown by then."""
    current: Any = None
    for frame in frames:
        if frame.pts is None or frame.pts < 0:
            continue
        if frame.pts <= tick:
            current = frame
            continue
        if current is not None:
            current.pts = 0
            yield current
            current = None
        frame.pts -= tick
        yield frame
    if current is not None:
        current.pts = 0
        yield current


def _decoded(stream: Any, timeline: Timeline) -> Iterator[Any]:
    for sample in timeline.samples:
        sample.packet.pts, sample.packet.dts, sample.packet.time_base = sample.pts, sample.dts, timeline.time_base
        yield from stream.codec_context.decode(sample.packet)
    yield from stream.codec_context.decode(None)
    stream.codec_context.flush_buffers()


def _filtered(frames: Iterator[Any], picture: Any, recipe: VideoRecipe, *, hdr: bool) -> Iterator[Any]:
    """Frames upright, with square pixels, scaled on request, in 4:2:0, which every player supports."""
    graph: Any = None
    size = None
    for frame in frames:
        if graph is None:
            graph, size = _graph(frame, picture, recipe, hdr=hdr), (frame.width, frame.height)
        if (frame.width, frame.height) != size:
            raise Refused("its frame size changes within the clip")
        graph.vpush(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.vpush(None)
        yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[Any]:
    """The frames that are ready: a change of the frame rate makes none or several of one."""
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame


def _graph(frame: Any, picture: Any, recipe: VideoRecipe, *, hdr: bool) -> Any:
    graph = av.filter.Graph()
    across = picture.sample_aspect_ratio or Fraction(1)
    width, height = frame.width * across, Fraction(frame.height)
    if recipe.sides is not None:
        low, high = recipe.sides
        small = min(width, height) < low
        factor = low / min(width, height) if small else min(Fraction(1), high / max(width, height))
        width, height = width * factor, height * factor
    even = [max(round(side / 2) * 2, 2) for side in (width, height)]
    steps = [("scale", f"{even[0]}:{even[1]}:flags=lanczos"), ("setsar", "1"), *_turns(frame.rotation)]
    if recipe.sdr:
        steps.insert(0, ("scale", _TO_SDR))
    if recipe.rate is not None:
        steps.append(("fps", str(recipe.rate)))
    source = graph.add_buffer(
        template=picture, width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    nodes = [source, *(graph.add(*step) for step in (*steps, ("format", "yuv420p10le" if hdr else "yuv420p")))]
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    return graph


def _turns(degrees: int) -> list[tuple[str, str]]:
    """The filters that turn a picture counter-clockwise by the angle of its display matrix."""
    match round(degrees / 90) * 90 % 360:
        case 90:
            return [("transpose", "cclock")]
        case 180:
            return [("hflip", ""), ("vflip", "")]
        case 270:
            return [("transpose", "clock")]
    return []


def _bits(recipe: VideoRecipe, seconds: Fraction, sounds: int) -> int | None:
    """The bit rate of the picture where the file size is limited."""
    if recipe.max_bytes is None:
        return None
    bits = int(recipe.max_bytes * 8 * _RESERVE / (seconds + 1)) - sounds * _SOUND_BITS
    if bits < _LEAST_BITS:
        raise Refused("the size limit leaves too low a bit rate for a usable picture")
    return bits


def _new_stream(
    made: OutputContainer, picture: Any, frame: Any, recipe: VideoRecipe, bits: int | None, *, hdr: bool
) -> Any:
    options = {"crf": str(QUALITY), "preset": "fast"}
    if bits is not None:
        options |= {"maxrate": str(bits), "bufsize": str(bits)}
    if hdr:
        options["x265-params"] = "log-level=none"
    stream: Any = made.add_stream(
        "libx265" if hdr else "libx264", rate=recipe.rate or picture.average_rate or 25, options=options
    )
    context, given = stream.codec_context, frame if recipe.sdr else picture.codec_context
    if hdr:
        context.codec_tag = "hvc1"
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.time_base = frame.time_base
    context.thread_count = _THREADS
    for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
        setattr(context, name, getattr(given, name))
    return stream
