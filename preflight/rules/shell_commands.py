"""Commands that repair a file, ready to paste: ffmpeg for clips, ImageMagick for pictures.

``magick`` is the command of ImageMagick 7, on Windows too, where ``convert`` is another program.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import PurePath

from preflight.pricing import to_milliseconds
from preflight.rules.repair_command import COPY, H264, REPACKAGE, ClipParts, Command, PictureParts

_TO_SDR = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,"
    "format=yuv420p"
)
_AUDIO_KBPS = 128
LAST_FRAME = Fraction(1, 10)
"""Seconds by which the last frame may reach past the end that ffmpeg was given: one frame at ten a second."""


# ── Pictures ──────────────────────────────────────────────────────────────────────────────────────────────────────


def magick(name: str, *options: str, suffix: str, alpha: bool = True) -> str:
    """An ImageMagick command from ``name``, its first picture, to its repaired file."""
    return Command(PictureParts(name=name, suffix=suffix, options=options, alpha=alpha))


def to_picture(name: str, suffix: str = ".png", *, alpha: bool = True) -> str:
    """Convert to an upright picture of 8 bits a channel in sRGB."""
    return magick(name, "-auto-orient -colorspace sRGB -depth 8", suffix=suffix, alpha=alpha)


def first_picture(name: str, suffix: str) -> str:
    """Keep only the first of several pictures in one file."""
    return magick(name, suffix=suffix)


def enlarge(name: str, side: int, suffix: str) -> str:
    """Enlarge until the shorter side has ``side`` pixels, in the same proportions."""
    return magick(name, f"-resize '{side}x{side}^'", suffix=suffix)


def crop(name: str, width: int, height: int, suffix: str) -> str:
    """Crop to the middle ``width`` by ``height`` pixels."""
    return magick(name, f"-gravity center -crop {width}x{height}+0+0 +repage", suffix=suffix)


def to_small_jpeg(name: str, max_bytes: int) -> str:
    """Encode as a JPEG that fits ``max_bytes`` with a twentieth in reserve; transparency becomes white."""
    kilobytes = max_bytes * 95 // 102_400
    return magick(name, f"-background white -flatten -define jpeg:extent={kilobytes}KB", suffix=".jpg")


def frame(name: str) -> str:
    """Extract the first frame of a clip as a picture."""
    return ffmpeg(name, "-frames:v 1 -update 1 -pix_fmt rgb24", suffix=".png")


# ── Clips ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ffmpeg(
    name: str,
    coding: str = H264,
    *filters: str,
    suffix: str = ".mp4",
    before: tuple[str, ...] = (),
    seconds: Fraction | None = None,
) -> str:
    """An ffmpeg command from ``name`` to its repaired file."""
    length = to_milliseconds(seconds) if seconds is not None else None
    return Command(ClipParts(name=name, suffix=suffix, coding=coding, before=before, seconds=length, filters=filters))


def remux(name: str, suffix: str = ".mp4") -> str:
    """Remux with moov first (fast start), without encoding again."""
    return ffmpeg(name, COPY, suffix=suffix)


def without_edit_list(name: str, suffix: str = ".mp4") -> str:
    """Remux without the edit list, so that all media is shown, without encoding again."""
    return ffmpeg(name, COPY, suffix=suffix, before=("-ignore_editlist 1",))


def repackage(name: str) -> str:
    """Remux the picture into MP4, and encode the sound again: MP4 does not hold every audio codec."""
    return ffmpeg(name, REPACKAGE)


def to_h264(name: str, *, odd: bool = False) -> str:
    """Encode as H.264 in MP4. ``odd``: a side has an odd number of pixels, which 4:2:0 H.264 cannot have."""
    return ffmpeg(name, H264, *(("pad=ceil(iw/2)*2:ceil(ih/2)*2",) if odd else ()))


def trim(name: str, limit: Fraction) -> str:
    """Trim to at most ``limit`` seconds at any frame rate: the last frame lasts beyond the time at which it begins.

    This encodes again: ffmpeg cuts a copied stream later, where a group of frames ends.
    """
    return ffmpeg(name, seconds=limit - LAST_FRAME)


def loop(name: str, least: Fraction) -> str:
    """Repeat until the clip lasts ``least`` seconds, and up to a frame more."""
    return ffmpeg(name, seconds=least, before=("-stream_loop -1",))


def squeeze(name: str, length: Fraction, max_bytes: int) -> str:
    """Encode at a bit rate that keeps ``length`` seconds within ``max_bytes``, with a twentieth in reserve.

    The encoder may exceed the rate by its buffer of one second.
    """
    kbps = int(max_bytes * 8 * 95 / 100 / 1000 / (length + 1)) - _AUDIO_KBPS
    video = f"-c:v libx264 -crf 18 -maxrate {kbps}k -bufsize {kbps}k -pix_fmt yuv420p"
    return ffmpeg(name, f"{video} -c:a aac -b:a {_AUDIO_KBPS}k -movflags +faststart")


def scale(name: str, width: int, height: int) -> str:
    """Scale to ``width`` by ``height`` square pixels."""
    return ffmpeg(name, H264, f"scale={width}:{height}:flags=lanczos", "setsar=1")


def to_sdr(name: str) -> str:
    """Map HDR to SDR, and encode as H.264. It needs an ffmpeg with zscale, as common builds are."""
    return ffmpeg(name, H264, _TO_SDR)


def even_rate(name: str, rate: int) -> str:
    """Encode at ``rate`` frames a second, all equally long; frames are repeated or dropped."""
    return ffmpeg(name, H264, f"fps={rate}")


def suffix_of(name: str, allowed: frozenset[str], fallback: str) -> str:
    """The file's own suffix when it is an allowed one, else ``fallback``."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in allowed else fallback
