"""Decodes a whole JPEG or PNG, in the isolated process that ``workers/mediainfo.py`` starts as a decoder.

It runs in that process and under its limits, and imports nothing of the package. Two readers look at each picture, for
each misses damage that the other sees. Pillow does not check the sums of a PNG and shows what is missing as black; of a
JPEG it keeps libjpeg's warnings to itself, so that damage in the middle looks like a picture. So the data of a PNG is
inflated and counted here, and a JPEG is decoded by libjpeg-turbo, too, where simplejpeg is installed (``[deep]``).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias

Decode: TypeAlias = Callable[[bytes], str | None]
"""Reads a picture; returns why it would not open the file, or ``None``. Raises ``Damaged``."""
Answer: TypeAlias = Mapping[str, Any]

_BLOCK = 1 << 18
_OF_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_END = b"\0\0\0\0IEND\xae\x42\x60\x82"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Interlacing (PNG §8): first column and row of each pass, and its steps."""

_DAMAGE = re.compile(r"Corrupt JPEG data: (?!bad ICC)|Premature end of JPEG|Inconsistent progression")
"""Warnings of libjpeg about wrong pixels; its others are about parts that a picture can do without."""
_LEFT_OVER = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0x(..)")
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
_PADDING = frozenset(b"\0\xff")


class Damaged(Exception):
    """A picture that is not whole. ``is_cut``: it ends early. ``offset``: the chunk at fault, where that is known."""

    def __init__(self, reason: str, *, is_cut: bool = False, offset: int | None = None) -> None:
        super().__init__(reason)
        self.is_cut = is_cut
        self.offset = offset


def make_decoder() -> Callable[[bytes], Answer]:
    """Load everything that decoding opens. For a picture the result names the ``decoders`` that read it.

    ``refusals`` say which did not open it, and why. Otherwise it says why it is not a picture: ``problem`` is
    ``truncated``, ``corrupt``, ``memory`` or ``unknown``, with its ``reason`` and, where it is known, the ``offset``.
    """
    from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin  # noqa: F401 - TIFF: Exif's reader

    jpeg: dict[str, Decode] = {"Pillow": partial(_load, JpegImagePlugin.JpegImageFile)}
    png: dict[str, Decode] = {"zlib": _inflate, "Pillow": partial(_load_png, PngImagePlugin.PngImageFile)}
    try:
        from simplejpeg import decode_jpeg  # an extra
    except ImportError:
        pass
    else:
        jpeg["libjpeg-turbo"] = partial(_decode_strictly, decode_jpeg)
    decode = partial(_decode, jpeg, png)
    for form in ("JPEG", "PNG"):
        sample = BytesIO()
        Image.new("RGB", (8, 8)).save(sample, form)
        decode(sample.getvalue())  # loads everything that is loaded on first use
    return decode


def _decode(jpeg: Mapping[str, Decode], png: Mapping[str, Decode], data: bytes) -> Answer:
    readers = png if data.startswith(b"\x89PNG") else jpeg
    decoders, refusals = [], []
    try:
        for name, decode in readers.items():
            refusal = decode(data)
            if refusal is None:
                decoders.append(name)
            else:
                refusals.append(f"{name}: {refusal}")
    except Damaged as damage:
        problem = "truncated" if damage.is_cut else "corrupt"
        return {"problem": problem, "reason": str(damage), "offset": damage.offset}
    except MemoryError:
        return {"problem": "memory", "reason": "takes more memory to decode than it is given"}
    except Exception as error:  # noqa: BLE001 - a library that fails as it never should has no opinion
        return {"problem": "unknown", "reason": f"makes its decoder fail ({type(error).__name__})"}
    return {"decoders": decoders, "refusals": refusals}


def _load(plugin: Callable[[BytesIO], Any], data: bytes) -> str | None:
    try:
        with plugin(BytesIO(data)) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError, KeyError, IndexError, EOFError, OverflowError, zlib.error) as error:
        # Pillow's plug-ins fail with whatever their reading ran into.
        text = str(error).partition(" when reading")[0]
        raise Damaged(f"{text} (Pillow)", is_cut="truncated" in text.lower()) from error
    return None


def _load_png(plugin: Callable[[BytesIO], Any], png: bytes) -> str | None:
    """The file as it is; where that fails its pixels alone, for metadata may be what Pillow refuses."""
    try:
        _load(plugin, png)
    except (Damaged, MemoryError) as error:
        kept = (png[at : at + len(body) + 12] for at, name, body in _chunks(png) if name in _OF_PIXELS)
        _load(plugin, b"".join((png[:8], *kept, _END)))
        return str(error).removesuffix(" (Pillow)") or "metadata of too many bytes"
    return None


def _decode_strictly(decode_jpeg: Callable[..., object], data: bytes) -> str | None:
    """By libjpeg-turbo, whose first warning is an error. An unsupported picture is not damaged."""
    try:
        decode_jpeg(data, "GRAY", strict=True)  # every coefficient is read for grey, too
    except ValueError as error:
        text = str(error)
        left_over = _LEFT_OVER.match(text)
        if left_over and left_over[2] == "d9" and _is_padded(data, int(left_over[1])):
            return None
        cleaned = _without_stray_bytes(data) if left_over else data
        if cleaned != data:
            _decode_strictly(decode_jpeg, cleaned)
            return text
        if not _DAMAGE.match(text):
            return text
        raise Damaged(f"{text.removeprefix('Corrupt JPEG data: ')} (libjpeg-turbo)") from error
    return None


def _without_stray_bytes(jpeg: bytes) -> bytes:
    """Without the bytes before the first scan that belong to no segment: further on they would be damage."""
    kept, at = bytearray(jpeg[:2]), 2
    while marker := _MARKER.search(jpeg, at):
        at = marker.end()
        length = max(int.from_bytes(jpeg[at : at + 2], "big"), 2)
        kept += b"\xff" + marker[1] + jpeg[at : at + length]
        at += length
        if marker[1] == b"\xda":
            return bytes(kept) + jpeg[at:]
    return jpeg


def _is_padded(data: bytes, count: int) -> bool:
    """Whether only zeros or fill bytes come before an end marker, as some cameras leave them."""
    ends = (match.start() for match in re.finditer(b"\xff\xd9", data))
    return any(_PADDING.issuperset(data[max(end - count, 0) : end]) for end in ends)


def _inflate(data: bytes) -> str | None:
    """Compare the pixel data of a PNG with its checksum and its size (PNG §7.2, §10)."""
    due, got, offset = 0, 0, 8
    stream = zlib.decompressobj()
    for offset, name, body in _chunks(data):
        if name == b"IHDR" and len(body) == 13:
            due = _scanline_bytes(body)
        elif name == b"IDAT":
            try:
                got += sum(len(block) for block in _inflated(stream, body, due - got))
            except zlib.error as error:
                reason = str(error).partition(": ")[2] or str(error)
                raise Damaged(f"its pixel data does not inflate: {reason}", offset=offset) from error
    if got < due:
        raise Damaged(f"its data holds {got} bytes of pixels where {due} are expected", offset=offset)
    return None


def _inflated(stream: Any, body: bytes, at_most: int) -> Iterator[bytes]:
    """``body`` inflated in blocks; bytes beyond ``at_most`` are not asked for."""
    rest = body
    while rest and not stream.eof and at_most >= 0:
        block = stream.decompress(rest, _BLOCK)
        rest = stream.unconsumed_tail
        at_most -= len(block)
        yield block


def _chunks(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Offset, type and data of each chunk before IEND. Their lengths were walked along before."""
    at = 8
    while at + 12 <= len(data) and data[at + 4 : at + 8] != _END[4:8]:
        length = int.from_bytes(data[at : at + 4], "big")
        yield at, data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _scanline_bytes(header: bytes) -> int:
    """Bytes of all filtered scanlines: each begins with a byte that names its filter."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = header[8] * _CHANNELS.get(header[9], 0)
    passes = _ADAM7 if header[12] else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
