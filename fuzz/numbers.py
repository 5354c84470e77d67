"""Values for the fields of a file that parsers trip over: limits of widths, off by one, too large to be true."""

from __future__ import annotations

from random import Random
from typing import Literal

Order = Literal["big", "little"]

SMALL = (0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 24, 63, 64, 65)


def number(rng: Random, width: int, was: int = 0) -> int:
    """A value for a field of ``width`` bytes that held ``was``."""
    top = 1 << (8 * width)
    drawn = rng.choice(
        (
            rng.choice(SMALL),
            was + rng.choice((-16, -8, -1, 1, 8, 16, 255)),
            was * rng.choice((2, 3, 256)),
            rng.choice((top - 1, top - 2, top - 8, top // 2, top // 2 - 1, top // 2 + 1, top // 4)),
            rng.choice((0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x10000, 0x10001, 0xFFFFFF, 0x7FFFFFFF)),
            rng.randrange(top),
        )
    )
    return drawn % top


def put(rng: Random, data: bytes, at: int, width: int, order: Order = "big") -> bytes:
    """``data`` with another value in the field of ``width`` bytes at ``at``; as it is where the field does not fit."""
    if at < 0 or at + width > len(data):
        return data
    value = number(rng, width, int.from_bytes(data[at : at + width], order))
    return data[:at] + value.to_bytes(width, order) + data[at + width :]


def times(rng: Random, size: int) -> int:
    """How often to repeat ``size`` bytes: seldom very often, and never to more than a few hundred KiB."""
    return min(rng.choice((1, 1, 1, 2, 70, 5000)), 1 + (1 << 18) // max(size, 1))


def junk(rng: Random, most: int) -> bytes:
    """Up to ``most`` bytes of noise, or of one byte over and over."""
    length = rng.choice((0, 1, 3, 4, 7, 8, 15, 16, rng.randint(0, most)))
    return rng.randbytes(length) if rng.random() < 0.5 else bytes([rng.choice((0, 0xFF, 0x20, 1))]) * length
