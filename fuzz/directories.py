"""Mutants of TIFF structures (TIFF 6.0 §2): of TIFF files, and of Exif and MPF inside JPEG and PNG."""

from __future__ import annotations

from random import Random

from fuzz.numbers import Order, junk, number, put

_ENTRY = ((0, 2), (2, 2), (4, 4), (8, 4))
"""Tag, type, count, value or offset of an entry of 12 bytes."""


def mutate(data: bytes, rng: Random) -> bytes:
    """``data``, a TIFF structure, with one to three other values in its header and first directory."""
    order: Order = "little" if data[:2] == b"II" else "big"
    for _ in range(rng.choice((1, 2, 3))):
        start = int.from_bytes(data[4:8], order)
        kind = rng.randrange(6)
        if kind == 0:
            data = put(rng, data, rng.choice((0, 2)), 2, order)
        elif kind == 1:
            data = put(rng, data, 4, 4, order)
        elif kind == 2:
            data = put(rng, data, start, 2, order)
        elif kind == 3:
            data = data[: rng.randint(0, len(data))] + junk(rng, 50)
        else:
            count = min(int.from_bytes(data[start : start + 2], order), 64)
            at, width = rng.choice(_ENTRY)
            data = put(rng, data, start + 2 + 12 * rng.randrange(count + 1) + at, width, order)
    return data


def exif(rng: Random) -> bytes:
    """A TIFF structure of one directory with an orientation, and then any bytes."""
    order: Order = rng.choice(("big", "little"))
    magic = b"II*\0" if order == "little" else b"MM\0*"
    count = rng.choice((1, 1, 2, 600))
    parts = [magic, (8).to_bytes(4, order), count.to_bytes(2, order)]
    for tag in rng.choices((0x0112, 0x0100, 0x0101, 0xB001, 0x8769), k=count):
        fields = ((tag, 2), (rng.choice((1, 2, 3, 4, 16, 0xFFFF)), 2), (rng.choice((0, 1, 1, 1, 0xFFFFFFFF)), 4))
        parts += [value.to_bytes(width, order) for value, width in fields]
        parts.append(number(rng, 4, 6).to_bytes(4, order))
    return b"".join(parts) + junk(rng, 20)
