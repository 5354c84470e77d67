"""Shows a file as a viewer does, by Pillow and FFmpeg and without any code of ours."""

from __future__ import annotations

from fractions import Fraction
from math import inf, log10
from pathlib import Path
from typing import NamedTuple

import av
from PIL import Image, ImageChops, ImageOps, ImageStat
from pillow_heif import register_heif_opener

register_heif_opener(thumbnails=False)


class Shown(NamedTuple):
    """A frame of a clip: when it is shown, in seconds, and its picture as it is stored."""

    at: Fraction
    picture: Image.Image


class Lengths(NamedTuple):
    """A clip's length in seconds by FFmpeg, and how long its longest frame lasts."""

    container: Fraction
    tracks: tuple[Fraction, ...]
    frame: Fraction


def picture_of(path: Path) -> Image.Image:
    """The first picture of a file, upright, in eight bits of RGBA."""
    with Image.open(path) as image:
        if image.mode == "I;16":
            return Image.frombytes("L", image.size, image.tobytes()[1::2]).convert("RGBA")
        return ImageOps.exif_transpose(image).convert("RGBA")


def frames_of(path: Path) -> list[Shown]:
    """Every frame of the main picture track that is shown."""
    with av.open(str(path)) as clip:
        stream = _main(clip)
        frames = [
            Shown(Fraction(frame.pts) * frame.time_base, _eight_bits(frame).to_image())
            for frame in clip.decode(stream)
            if frame.pts is not None
        ]
    begin = min(frame.at for frame in frames)
    return [frame._replace(at=frame.at - begin) for frame in frames]


def _eight_bits(frame: av.VideoFrame) -> av.VideoFrame:
    """Ten bits rounded first: FFmpeg spreads their colours over neighbours otherwise than those of eight bits."""
    return frame.reformat(format="yuv420p") if frame.format.name == "yuv420p10le" else frame


def lengths_of(path: Path) -> Lengths:
    """The clocks of a clip as FFmpeg reads them."""
    with av.open(str(path)) as clip:
        stream = _main(clip)
        tracks = tuple(
            Fraction(each.duration) * each.time_base
            for each in (*clip.streams.video, *clip.streams.audio)
            if each.duration is not None and each.time_base is not None
        )
        rate = stream.average_rate or Fraction(25)
        return Lengths(Fraction(clip.duration or 0, av.time_base), tracks, 1 / Fraction(rate))


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise in dB over all channels; infinite for equal pictures."""
    assert one.size == other.size, f"{one.size} and {other.size}"
    squares = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).sum2
    error = sum(squares) / (3 * one.width * one.height)
    return 10 * log10(255**2 / error) if error else inf


def _main(clip: av.container.InputContainer) -> av.VideoStream:
    default = av.stream.Disposition.default
    streams = clip.streams.video
    return next((stream for stream in streams if stream.disposition & default), streams[0])
