"""Mutants of PNG (W3C PNG third edition §5): lengths, types, checksums, order, the fields of IHDR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from zlib import crc32

from fuzz import directories
from fuzz.numbers import junk, number, put, times

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NAMES = b"IHDR PLTE IDAT IEND acTL fcTL fdAT tRNS eXIf iCCP tEXt zTXt iTXt pHYs gAMA CgBI sBIT bKGD hIST tIME".split()


@dataclass(frozen=True, slots=True)
class Chunk:
    """``length`` and ``crc`` are the file's claims where those are wrong."""

    name: bytes
    data: bytes
    length: int | None = None
    crc: int | None = None

    def __bytes__(self) -> bytes:
        length = len(self.data) if self.length is None else self.length
        crc = crc32(self.name + self.data) if self.crc is None else self.crc
        return length.to_bytes(4, "big") + self.name + self.data + crc.to_bytes(4, "big")


def parse(data: bytes) -> list[Chunk]:
    """The chunks of a PNG, up to the first bytes that are not one."""
    chunks, at = [], len(SIGNATURE)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        chunks.append(Chunk(data[at + 4 : at + 8], data[at + 8 : end]))
        at = end + 4
    return chunks


def mutate(data: bytes, rng: Random) -> bytes:
    """One to four changes to the chunks of ``data``."""
    chunks = parse(data)
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        if chunks:
            _change(chunks, rng)
    return SIGNATURE + b"".join(map(bytes, chunks))


def _change(chunks: list[Chunk], rng: Random) -> None:
    at = rng.randrange(len(chunks))
    chunk = chunks[at]
    match rng.randrange(12):
        case 0:
            chunks[at] = replace(chunk, length=number(rng, 4, len(chunk.data)))
        case 1:
            chunks[at] = replace(chunk, crc=number(rng, 4))
        case 2:
            chunks[at] = replace(chunk, name=rng.choice(_NAMES) if rng.random() < 0.8 else rng.randbytes(4))
        case 3:
            del chunks[at]
        case 4:
            chunks[at:at] = [chunk] * times(rng, len(chunk.data))
        case 5:
            other = rng.randrange(len(chunks))
            chunks[at], chunks[other] = chunks[other], chunk
        case 6:
            chunks.insert(at, Chunk(rng.choice(_NAMES), junk(rng, 100)))
        case 7:
            chunks.insert(at, Chunk(b"eXIf", directories.exif(rng)))
        case 8:
            chunks[at] = replace(chunk, data=chunk.data[: rng.randint(0, len(chunk.data))])
        case 9:
            chunks.insert(at, Chunk(b"acTL", number(rng, 4, 1).to_bytes(4, "big") + bytes(4)))
        case _:
            header = next((index for index, each in enumerate(chunks) if each.name == b"IHDR"), at)
            place, width = rng.choice(((0, 4), (4, 4), (8, 1), (9, 1), (10, 1), (11, 1), (12, 1)))
            chunks[header] = replace(chunks[header], data=put(rng, chunks[header].data, place, width))
