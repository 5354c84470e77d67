"""Commands that repair a file, ready to paste: ffmpeg for clips, ImageMagick for pictures.

A name becomes one word of a POSIX shell; only one with a line break in it needs a shell that knows ``$'…'`` (bash, zsh,
ksh). ``convert`` is the name that ImageMagick 6 (in Debian) and 7 share.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import PurePath
from shlex import quote

from preflight.pricing import to_milliseconds

_H264 = "-c:v libx264 -crf 18 -pix_fmt yuv420p -c:a aac -movflags +faststart"
_AUDIO_KBPS = 128
LAST_FRAME = Fraction(1, 10)
"""Seconds by which the last frame may reach past the end that ffmpeg was given: one frame at ten a second."""

_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]+:"
_MEANS_MORE_TO_IMAGEMAGICK = frozenset("%:[]{}*?~@")


def target(name: str, suffix: str) -> str:
    """The name of the repaired file: beside the old one, never over it."""
    return str(PurePath(name).with_name(f"{PurePath(name).stem or 'fixed'}-fixed{suffix}"))


def safe(name: str) -> str:
    """A file name as one word of a shell, never as an option, and never as a protocol of ffmpeg."""
    path = f"./{name}" if name.startswith("-") or re.match(_SCHEME, name) else name
    if path.isprintable():
        return quote(path)
    return "$'" + "".join(c if c.isprintable() and c not in "'\\" else _octal(c) for c in path) + "'"


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


# ── Pictures ──────────────────────────────────────────────────────────────────────────────────────────────────────


def magick(name: str, options: str, suffix: str, *, alpha: bool = True) -> str:
    """An ImageMagick command from ``name``, its first picture, to its repaired file.

    ImageMagick reads patterns and formats from certain characters in a name, so the shell passes such files. A PNG is
    written in full colour: by default, ImageMagick writes a picture of two colours with 1 bit a pixel.
    """
    fixed = target(name, suffix)
    coder = "" if suffix != ".png" else "PNG32:" if alpha else "PNG24:"
    if _MEANS_MORE_TO_IMAGEMAGICK.isdisjoint(name):
        words = [safe(f"{name}[0]"), options, coder + safe(fixed)]
    else:
        words = ["'-[0]'", options, f"{coder or 'JPEG:'}-", "<", safe(name), ">", safe(fixed)]
    return " ".join(word for word in ["convert", *words] if word)


def to_picture(name: str, suffix: str = ".png", *, alpha: bool = True) -> str:
    """Convert to an upright picture of 8 bits a channel in sRGB."""
    return magick(name, "-auto-orient -colorspace sRGB -depth 8", suffix, alpha=alpha)


def first_picture(name: str, suffix: str) -> str:
    """Keep only the first of several pictures in one file."""
    return magick(name, "", suffix)


def enlarge(name: str, side: int, suffix: str) -> str:
    """Enlarge until the shorter side has ``side`` pixels, in the same proportions."""
    return magick(name, f"-resize '{side}x{side}^'", suffix)


def crop(name: str, width: int, height: int, suffix: str) -> str:
    """Crop to the middle ``width`` by ``height`` pixels."""
    return magick(name, f"-gravity center -crop {width}x{height}+0+0 +repage", suffix)


def to_small_jpeg(name: str, max_bytes: int) -> str:
    """Encode as a JPEG that fits ``max_bytes`` with a twentieth in reserve; transparency becomes white."""
    return magick(name, f"-background white -flatten -define jpeg:extent={max_bytes * 95 // 102_400}KB", ".jpg")


def frame(name: str) -> str:
    """Extract the first frame of a clip as a picture."""
    return ffmpeg(name, "-frames:v 1 -update 1 -pix_fmt rgb24", ".png")


# ── Clips ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ffmpeg(name: str, options: str, suffix: str, *, before: str = "") -> str:
    """An ffmpeg command from ``name`` to its repaired file."""
    return " ".join(part for part in ("ffmpeg", before, "-i", safe(name), options, safe(target(name, suffix))) if part)


def remux(name: str, suffix: str = ".mp4") -> str:
    """Remux with moov first (fast start), without encoding again."""
    return ffmpeg(name, "-c copy -movflags +faststart", suffix)


def without_edit_list(name: str, suffix: str = ".mp4") -> str:
    """Remux without the edit list, so that all media is shown, without encoding again."""
    return ffmpeg(name, "-c copy -movflags +faststart", suffix, before="-ignore_editlist 1")


def repackage(name: str) -> str:
    """Remux the picture into MP4, and encode the sound again: MP4 does not hold every audio codec."""
    return ffmpeg(name, "-c:v copy -c:a aac -movflags +faststart", ".mp4")


def to_h264(name: str, *, odd: bool = False) -> str:
    """Encode as H.264 in MP4. ``odd``: a side has an odd number of pixels, which 4:2:0 H.264 cannot have."""
    return ffmpeg(name, f"-vf 'pad=ceil(iw/2)*2:ceil(ih/2)*2' {_H264}" if odd else _H264, ".mp4")


def trim(name: str, limit: Fraction) -> str:
    """Trim to at most ``limit`` seconds at any frame rate: the last frame lasts beyond the time at which it begins.

    This encodes again: ffmpeg cuts a copied stream later, where a group of frames ends.
    """
    return ffmpeg(name, f"-t {to_milliseconds(limit - LAST_FRAME):f} {_H264}", ".mp4")


def loop(name: str, least: Fraction) -> str:
    """Repeat until the clip lasts ``least`` seconds, and up to a frame more."""
    return ffmpeg(name, f"-t {to_milliseconds(least):f} {_H264}", ".mp4", before="-stream_loop -1")


def squeeze(name: str, length: Fraction, max_bytes: int) -> str:
    """Encode at a bit rate that keeps ``length`` seconds within ``max_bytes``, with a twentieth in reserve.

    The encoder may exceed the rate by its buffer of one second.
    """
    kbps = int(max_bytes * 8 * 95 / 100 / 1000 / (length + 1)) - _AUDIO_KBPS
    video = f"-c:v libx264 -crf 18 -maxrate {kbps}k -bufsize {kbps}k -pix_fmt yuv420p"
    return ffmpeg(name, f"{video} -c:a aac -b:a {_AUDIO_KBPS}k -movflags +faststart", ".mp4")


def scale(name: str, width: int, height: int) -> str:
    """Scale to ``width`` by ``height`` square pixels."""
    return ffmpeg(name, f"-vf scale={width}:{height}:flags=lanczos,setsar=1 {_H264}", ".mp4")


def suffix_of(name: str, allowed: frozenset[str], fallback: str) -> str:
    """The file's own suffix when it is an allowed one, else ``fallback``."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in allowed else fallback
