"""Files for tests, made when they run because they would be too large to keep: exact sizes, valid inside."""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path
from random import Random

from chunks import PNG_SIGNATURE, chunk, read_segments, write_segments
from PIL import Image

_END = chunk(b"IEND", b"")
_COMMENT_BYTES = 60_000
_WIDTH = 2500
_BYTES_A_ROW = 3952
"""The bytes that an encoder makes of a row of noise."""


def picture(width: int, height: int, container: str = "PNG") -> bytes:
    """A picture of one colour, from a real encoder."""
    return _encoded(Image.new("RGB", (width, height), "teal"), container)


def png_of(size_bytes: int) -> bytes:
    """A PNG of exactly that size: the rest is one private chunk behind the picture data, which every reader skips."""
    png = picture(400, 400)
    assert png.startswith(PNG_SIGNATURE)
    assert png.endswith(_END)
    padding = chunk(b"paDd", bytes(size_bytes - len(png) - 12))
    return png.removesuffix(_END) + padding + _END


def jpeg_of(size_bytes: int) -> bytes:
    """A JPEG of exactly that size, some megabytes: noise, and the missing bytes as a comment before the scan."""
    jpeg = _noise(round((size_bytes - _COMMENT_BYTES / 2) / _BYTES_A_ROW))
    segments, scan = read_segments(jpeg)
    missing = size_bytes - len(jpeg)
    assert 4 <= missing <= _COMMENT_BYTES
    return write_segments([*segments, b"\xff\xfe" + struct.pack(">H", missing - 2) + bytes(missing - 4)], scan)


def grown_clip(source: Path, target: Path, size_bytes: int) -> Path:
    """``source`` with a longer ``mdat``, so that the file has exactly that size; the added part is a hole on the disk.

    The room comes behind the last sample, and the bytes after the box move unchanged: no chunk moves, so every chunk
    offset stays right.
    """
    data = source.read_bytes()
    start, end = _mdat(data)
    added = size_bytes - len(data)
    with target.open("wb") as file:
        file.write(data[:start] + struct.pack(">I", end - start + added) + data[start + 4 : end])
        file.seek(end + added)
        file.write(data[end:])
        file.truncate(size_bytes)
    return target


def _encoded(image: Image.Image, container: str, **settings: int) -> bytes:
    data = io.BytesIO()
    image.save(data, container, **settings)
    return data.getvalue()


@cache
def _noise(height: int) -> bytes:
    noise = Random(1).randbytes(_WIDTH * height)
    return _encoded(Image.frombytes("L", (_WIDTH, height), noise), "JPEG", quality=100)


def _mdat(data: bytes) -> tuple[int, int]:
    """Where the ``mdat`` box begins and ends."""
    at = 0
    while at < len(data):
        length, fourcc = struct.unpack_from(">I4s", data, at)
        if fourcc == b"mdat":
            return at, at + length
        at += length
    raise ValueError("no mdat")
