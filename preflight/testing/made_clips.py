"""Clips that every player shows: H.264 in MP4 or MOV, of exactly the length and size that are asked for.

ISO/IEC 14496-12. Nothing is encoded: the writer needs no library.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction
from math import ceil, lcm

from preflight.errors import ConfigurationError
from preflight.testing.h264_stream import decoder_configuration, first_picture, next_pictures
from preflight.testing.padded import Padded, padding_to

_RATE = 30
_MOST_FRAMES = 300_000
_LARGEST_TIMESCALE = 10_000_000
_MOST_SIDE = 8192
_MATRIX = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_FILE_TYPES = {"MP4": b"isom\0\0\2\0isomiso2avc1mp41", "MOV": b"qt  \0\0\2\0qt  "}


def clip_suffix(container: str) -> str:
    """The suffix of a clip's name. Raises ``ConfigurationError`` for a container that cannot be made."""
    if container not in _FILE_TYPES:
        raise ConfigurationError(f"a clip is made as MP4 or MOV, not {container!r:.40}")
    return container.lower()


def clip(
    seconds: str | float | Decimal | Fraction,
    *,
    width: int = 720,
    height: int = 1280,
    container: str = "MP4",
    size_bytes: int | None = None,
    fast_start: bool = True,
) -> Padded:
    """A grey clip without sound, 30 pictures a second, as long as ``seconds`` says to the last digit.

    The last picture is shown shorter where the length needs it. ``size_bytes`` makes ``mdat`` longer. Without
    ``fast_start``, ``moov`` is at the end. Raises ``ConfigurationError``.
    """
    clip_suffix(container)
    if not (16 <= width <= _MOST_SIDE and 16 <= height <= _MOST_SIDE) or width % 2 or height % 2:
        raise ConfigurationError(f"a side of a clip is even, from 16 to {_MOST_SIDE}: not {width}×{height}")
    timescale, durations = _timing(seconds)
    following = next_pictures(width, height)
    units = [first_picture(width, height), *(following[at % len(following)] for at in range(1, len(durations)))]
    samples = [struct.pack(">I", len(unit)) + unit for unit in units]
    data, sizes = b"".join(samples), [len(sample) for sample in samples]
    file_type = _box("ftyp", _FILE_TYPES[container])
    # The offset does not change the length of the box.
    movie = _movie(width, height, timescale, durations, sizes, offset=0)
    padding = padding_to(size_bytes, len(file_type) + len(movie) + 16 + len(data))
    # The long header (§4.2), so that a size in the middle of 4 GiB needs no other case.
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + len(data) + padding)
    offset = len(file_type) + len(mdat) + (len(movie) if fast_start else 0)
    movie = _movie(width, height, timescale, durations, sizes, offset=offset)
    if fast_start:
        return Padded(head=file_type + movie + mdat + data, padding=padding)
    return Padded(head=file_type + mdat + data, padding=padding, tail=movie)


def _timing(seconds: str | float | Decimal | Fraction) -> tuple[int, list[int]]:
    """The timescale, and the duration of each picture in its ticks."""
    try:
        exact = Fraction(str(seconds) if isinstance(seconds, float) else seconds)
    except (ValueError, TypeError, ArithmeticError):
        raise ConfigurationError(f"a length is a number of seconds, not {seconds!r:.40}") from None
    timescale, frames = lcm(_RATE, exact.denominator), ceil(exact * _RATE)
    if not 1 <= frames <= _MOST_FRAMES or timescale > _LARGEST_TIMESCALE:
        raise ConfigurationError(
            f"a clip lasts up to {_MOST_FRAMES // _RATE} s, in parts of a second that fit into a timescale of"
            f" {_LARGEST_TIMESCALE}: not {exact}"
        )
    step = timescale // _RATE
    return timescale, [step] * (frames - 1) + [int(exact * timescale) - step * (frames - 1)]


def _movie(width: int, height: int, timescale: int, durations: list[int], sizes: list[int], *, offset: int) -> bytes:
    """The ``moov`` of one track, whose samples are one chunk at ``offset``."""
    total = sum(durations)
    header = struct.pack(">QQIQIH10x", 0, 0, timescale, total, 1 << 16, 1 << 8) + _MATRIX + bytes(24)
    track = struct.pack(">QQIIQ8xHHHH", 0, 0, 1, 0, total, 0, 0, 0, 0) + _MATRIX
    track += struct.pack(">II", width << 16, height << 16)
    media = struct.pack(">QQIQHH", 0, 0, timescale, total, 0x55C4, 0)
    handler = _full_box("hdlr", b"\0\0\0\0vide" + bytes(12) + b"preflight\0")
    references = _box("dinf", _full_box("dref", struct.pack(">I", 1) + _full_box("url ", b"", flags=1)))
    tables = _box("stbl", _description(width, height) + _sample_tables(durations, sizes, offset))
    information = _box("minf", _full_box("vmhd", bytes(8), flags=1) + references + tables)
    inside = _full_box("tkhd", track, version=1, flags=3)
    inside += _box("mdia", _full_box("mdhd", media, version=1) + handler + information)
    return _box("moov", _full_box("mvhd", header + struct.pack(">I", 2), version=1) + _box("trak", inside))


def _description(width: int, height: int) -> bytes:
    entry = struct.pack(">6xH16xHHIIIH", 1, width, height, 72 << 16, 72 << 16, 0, 1) + bytes(32)
    entry += struct.pack(">Hh", 24, -1) + _box("avcC", decoder_configuration(width, height))
    return _full_box("stsd", struct.pack(">I", 1) + _box("avc1", entry))


def _sample_tables(durations: list[int], sizes: list[int], offset: int) -> bytes:
    runs = [(len(durations) - 1, durations[0]), (1, durations[-1])] if len(durations) > 1 else [(1, durations[0])]
    times = struct.pack(">I", len(runs)) + b"".join(struct.pack(">II", *run) for run in runs)
    return (
        _full_box("stts", times)
        + _full_box("stss", struct.pack(">II", 1, 1))
        + _full_box("stsc", struct.pack(">IIII", 1, 1, len(sizes), 1))
        + _full_box("stsz", struct.pack(f">II{len(sizes)}I", 0, len(sizes), *sizes))
        + _full_box("stco", struct.pack(">II", 1, offset))
    )


def _box(fourcc: str, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + fourcc.encode() + content


def _full_box(fourcc: str, content: bytes, *, version: int = 0, flags: int = 0) -> bytes:
    return _box(fourcc, struct.pack(">I", version << 24 | flags) + content)
