"""A clip of a few frames of another: the smallest MP4 that a decoder reads, whatever else the other holds.

So a decoder is never given a movie box of a thousand tracks, nor a reference to another file.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

from preflight.probes.isobmff.picture_samples import PictureTrack

_SELF_CONTAINED = 1


def excerpt(track: PictureTrack, samples: Sequence[bytes], *, is_quicktime: bool) -> bytes:
    """An MP4, or a MOV, of ``samples`` of ``track``. Each lasts one tick, so that its time is its number from 0."""
    brand = b"qt  " if is_quicktime else b"isom"
    ftyp = _box(b"ftyp", brand, pack(">I", 512), brand)
    offset = len(ftyp) + len(_moov(track, samples, 0)) + 8
    return ftyp + _moov(track, samples, offset) + _box(b"mdat", *samples)


def _moov(track: PictureTrack, samples: Sequence[bytes], offset: int) -> bytes:
    count, boxes = len(samples), track.boxes
    reference = _box(b"url ", pack(">I", _SELF_CONTAINED))
    stbl = _box(
        b"stbl",
        boxes["stsd"],
        _box(b"stts", pack(">IIII", 0, 1, count, 1)),
        _box(b"stsc", pack(">IIIII", 0, 1, 1, count, 1)),
        _box(b"stsz", pack(f">III{count}I", 0, 0, count, *map(len, samples))),
        _box(b"stco", pack(">III", 0, 1, offset)),
    )
    minf = _box(
        b"minf",
        _box(b"vmhd", pack(">I4H", 1, 0, 0, 0, 0)),
        _box(b"dinf", _box(b"dref", pack(">II", 0, 1), reference)),
        stbl,
    )
    return _box(b"moov", boxes["mvhd"], _box(b"trak", boxes["tkhd"], _box(b"mdia", boxes["mdhd"], boxes["hdlr"], minf)))


def _box(fourcc: bytes, *parts: bytes) -> bytes:
    return pack(">I4s", 8 + sum(map(len, parts)), fourcc) + b"".join(parts)
