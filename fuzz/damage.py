"""Damage that knows no format: files cut short, with a hole, a repetition, noise, or another file's end."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from fuzz.numbers import junk, put


def damage(data: bytes, rng: Random, other: bytes) -> bytes:
    """One change to ``data``; ``other`` is a file to borrow from."""
    change = rng.choices(_CHANGES, _WEIGHTS)[0]
    return change(data, rng, other)


def set_header_field(data: bytes, rng: Random, _: bytes) -> bytes:
    """Another value in one of the fields at the start, whatever it is, in either byte order."""
    at, width = rng.randrange(min(len(data), rng.choice((16, 64, 512))) or 1), rng.choice((1, 2, 2, 4, 4, 8))
    return put(rng, data, at, width, rng.choice(("big", "little")))


def _cut(data: bytes, rng: Random, _: bytes) -> bytes:
    return data[: rng.randint(0, rng.choice((len(data), min(len(data), 4096))))]


def _remove(data: bytes, rng: Random, _: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.choice((1, 4, 16, 1000)) :]


def _repeat(data: bytes, rng: Random, _: bytes) -> bytes:
    at, length = rng.randint(0, len(data)), rng.choice((1, 4, 16, 1000))
    return data[:at] + data[at : at + length] * rng.choice((2, 3, 50)) + data[at + length :]


def _add_noise(data: bytes, rng: Random, _: bytes) -> bytes:
    at = rng.choice((0, len(data), rng.randint(0, len(data))))
    return data[:at] + junk(rng, 2000) + data[at:]


def _flip(data: bytes, rng: Random, _: bytes) -> bytes:
    changed = bytearray(data)
    for _count in range(rng.choice((1, 4, 64)) if data else 0):
        changed[rng.randrange(min(len(data), rng.choice((256, len(data)))))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _splice(data: bytes, rng: Random, other: bytes) -> bytes:
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _append(data: bytes, _: Random, other: bytes) -> bytes:
    return data + other


_CHANGES: tuple[Callable[[bytes, Random, bytes], bytes], ...] = (
    set_header_field,
    _cut,
    _remove,
    _repeat,
    _add_noise,
    _flip,
    _splice,
    _append,
)
_WEIGHTS = (6, 4, 1, 1, 1, 3, 1, 1)
