"""The mutant of a seed and an index: always the same one, so that two numbers are a bug report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from fuzz import boxes, chunks, directories, segments
from fuzz.damage import damage, set_header_field

FIXTURES = Path(__file__).parent.parent / "fixtures"
_LARGE_BYTES = 100_000
_ISO_MEDIA = (b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"uuid", b"jP  ", b"JXL ")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file made from the fixture called ``name``."""

    index: int
    name: str
    data: bytes


def mutant(seed: int, index: int) -> Mutant:
    """The mutant with that index in the sequence of ``seed``."""
    rng = Random(f"{seed}/{index}")
    name = rng.choice(_names())
    data = _read(name)
    if rng.random() < 0.85:
        data = _mutate(data, rng)
    if rng.random() < 0.3:
        data = damage(data, rng, _read(rng.choice(_names())))
    return Mutant(index, name, data)


def _mutate(data: bytes, rng: Random) -> bytes:
    """A change that knows the format."""
    if data.startswith(chunks.SIGNATURE):
        return chunks.mutate(data, rng)
    if data.startswith(b"\xff\xd8"):
        return segments.mutate(data, rng)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return directories.mutate(data, rng)
    if data[4:8] in _ISO_MEDIA:
        return boxes.mutate(data, rng)
    for _ in range(rng.choice((1, 2, 3))):
        data = set_header_field(data, rng, b"")
    return data


@cache
def _names() -> tuple[str, ...]:
    """Every clip and picture, small ones four times, so that time goes into many mutants rather than large ones."""
    paths = [*sorted((FIXTURES / "clips").iterdir()), *sorted((FIXTURES / "pictures").iterdir())]
    names = []
    for path in paths:
        times = 4 if path.stat().st_size < _LARGE_BYTES else 1
        names += [f"{path.parent.name}/{path.name}"] * times
    return tuple(names)


@cache
def _read(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()
