"""Pictures of one colour from a real encoder (Pillow), of exactly the size that is asked for."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from preflight.errors import ConfigurationError
from preflight.testing.padded import Padded, padding_to

_SUFFIXES = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif", "BMP": "bmp"}
_END = b"\0\0\0\0IEND\xaeB`\x82"
_CHUNK = 12
_MOST_PIXELS = 100_000_000
_BLOCK = bytes(1 << 20)


def picture_suffix(container: str) -> str:
    """The suffix of a picture's name. Raises ``ConfigurationError`` for a container that cannot be made."""
    if container not in _SUFFIXES:
        raise ConfigurationError(f"a picture is made as one of {', '.join(_SUFFIXES)}, not {container!r:.40}")
    return _SUFFIXES[container]


def picture(width: int, height: int, *, container: str = "PNG", size_bytes: int | None = None) -> Padded:
    """A picture of these pixels; of exactly ``size_bytes`` where given, which PNG and JPEG can.

    A PNG gets one private chunk behind its pixels, which every reader skips (PNG §5.4); a JPEG gets fill bytes before
    its last marker (T.81 B.1.1.2). Raises ``ConfigurationError``.
    """
    picture_suffix(container)
    if width < 1 or height < 1 or width * height > _MOST_PIXELS:
        raise ConfigurationError(f"a picture has 1 to {_MOST_PIXELS} pixels, not {width}×{height}")
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, container)
    data = buffer.getvalue()
    if size_bytes is None or size_bytes == len(data):
        return Padded(head=data)
    if container == "JPEG":
        return Padded(head=data[:-2], padding=padding_to(size_bytes, len(data)), fill=b"\xff", tail=data[-2:])
    if container != "PNG":
        raise ConfigurationError(f"size_bytes is for PNG and JPEG, not for {container}")
    length = padding_to(size_bytes, len(data) + _CHUNK)
    kind, check = b"paDd", zlib.crc32(b"paDd")
    for at in range(0, length, len(_BLOCK)):
        check = zlib.crc32(_BLOCK[: length - at], check)
    head = data.removesuffix(_END) + struct.pack(">I", length) + kind
    return Padded(head=head, padding=length, tail=struct.pack(">I", check) + _END)
