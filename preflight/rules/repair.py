"""Commands that repair a file, ready to be pasted. ffmpeg for clips and plain pictures, ImageMagick for the rest."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import PurePath
from shlex import quote

from preflight.pricing import to_milliseconds

_H264 = "-c:v libx264 -crf 18 -pix_fmt yuv420p -c:a aac -movflags +faststart"
_AUDIO_KBPS = 128


def target(name: str, suffix: str) -> str:
    """The name of the repaired file: beside the old one, never over it."""
    return str(PurePath(name).with_name(f"{PurePath(name).stem or 'fixed'}-fixed{suffix}"))


def ffmpeg(name: str, options: str, suffix: str, *, before: str = "") -> str:
    """An ffmpeg command from ``name`` to its repaired file."""
    return " ".join(part for part in ("ffmpeg", before, "-i", safe(name), options, safe(target(name, suffix))) if part)


def magick(name: str, options: str, suffix: str) -> str:
    """An ImageMagick command from ``name``, its first picture, to its repaired file.

    ``convert`` is the name that versions 6, which Debian has, and 7 both know.
    """
    return " ".join(part for part in ("convert", safe(f"{name}[0]"), options, safe(target(name, suffix))) if part)


def safe(name: str) -> str:
    """A file name as one word of a shell, and never as an option."""
    return quote(f"./{name}" if name.startswith("-") else name)


def suffix_of(name: str, allowed: dict[str, str], fallback: str) -> str:
    """The file's own suffix when it is an allowed one, else ``fallback``."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in allowed else fallback


def remux(name: str) -> str:
    """Into a fast-start MP4, without touching picture or sound."""
    return ffmpeg(name, "-c copy -movflags +faststart", ".mp4")


def to_h264(name: str) -> str:
    """Into H.264 in MP4."""
    return ffmpeg(name, _H264, ".mp4")


def trim(name: str, seconds: Fraction) -> str:
    """To ``seconds`` exactly. Encoded again: a copied stream is cut at a block boundary, a little later."""
    return ffmpeg(name, f"-t {to_milliseconds(seconds):f} {_H264}", ".mp4")


def loop(name: str, length: Fraction, wanted: Fraction) -> str:
    """Repeated until it lasts ``wanted`` seconds."""
    repeats = max(1, ceil(wanted / length) - 1) if length else 1
    return ffmpeg(name, f"-t {to_milliseconds(wanted):f} {_H264}", ".mp4", before=f"-stream_loop {repeats}")


def squeeze(name: str, length: Fraction, max_bytes: int) -> str:
    """Encoded again at the bit rate that fits ``max_bytes``, a twentieth kept in reserve."""
    kbps = int(max_bytes * 8 * 95 / 100 / 1000 / length) - _AUDIO_KBPS
    return ffmpeg(name, f"-c:v libx264 -b:v {kbps}k -c:a aac -b:a {_AUDIO_KBPS}k -movflags +faststart", ".mp4")


def scale(name: str, width: int, height: int, suffix: str, more: str = "") -> str:
    """To ``width`` by ``height`` pixels."""
    return ffmpeg(name, " ".join(part for part in (f"-vf scale={width}:{height}:flags=lanczos", more) if part), suffix)


def crop(name: str, width: int, height: int, suffix: str) -> str:
    """To the middle ``width`` by ``height`` pixels."""
    return ffmpeg(name, f"-vf crop={width}:{height}", suffix)
