"""Mutants of JPEG (ITU-T T.81 Annex B): lengths, markers, fill bytes, frame headers, Exif and MPF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from fuzz import directories
from fuzz.numbers import junk, number, put, times

_MARKERS = (0xC0, 0xC1, 0xC2, 0xC4, 0xC8, 0xCF, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD, 0xDE, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE)


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker segment after ``fill`` bytes. ``length`` is its claim where that is wrong."""

    marker: int
    data: bytes
    length: int | None = None
    fill: int = 0

    def __bytes__(self) -> bytes:
        length = (len(self.data) + 2 if self.length is None else self.length) % 0x10000
        return b"\xff" * (1 + self.fill) + bytes([self.marker]) + length.to_bytes(2, "big") + self.data


def parse(data: bytes) -> tuple[list[Segment], bytes]:
    """The segments up to the first scan, its header among them, and the rest."""
    segments, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        segments.append(Segment(data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + length
        if segments[-1].marker == 0xDA:
            break
    return segments, data[at:]


def mutate(data: bytes, rng: Random) -> bytes:
    """One to four changes to the segments of ``data``, and perhaps to its end."""
    segments, rest = parse(data)
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        if segments:
            _change(segments, rng)
    if rng.random() < 0.2:
        rest = rng.choice((b"", b"\xff\xd9", rest[: rng.randint(0, len(rest))], rest.replace(b"\xff\xd9", b"")))
    return b"\xff\xd8" + b"".join(map(bytes, segments)) + rest


def _change(segments: list[Segment], rng: Random) -> None:
    at = rng.randrange(len(segments))
    segment = segments[at]
    match rng.randrange(13):
        case 0:
            segments[at] = replace(segment, length=number(rng, 2, len(segment.data) + 2))
        case 1:
            segments[at] = replace(segment, marker=rng.choice(_MARKERS) if rng.random() < 0.8 else rng.randrange(256))
        case 2:
            segments[at] = replace(segment, fill=rng.choice((1, 2, 255, 256, 257, 65_535, 65_536, 70_000)))
        case 3:
            del segments[at]
        case 4:
            segments[at:at] = [segment] * times(rng, len(bytes(segment)))
        case 5:
            other = rng.randrange(len(segments))
            segments[at], segments[other] = segments[other], segment
        case 6:
            segments.insert(at, Segment(rng.choice(_MARKERS), junk(rng, 100)))
        case 7:
            segments.insert(at, Segment(0xE1, b"Exif\0\0" + directories.exif(rng)))
        case 8:
            segments.insert(at, Segment(0xE2, b"MPF\0" + directories.exif(rng)))
        case 9:
            segments.insert(at, Segment(0xE2, bytes(rng.choice((65_533, 65_532, 1)))))
        case 10:
            segments[at] = replace(segment, data=segment.data[: rng.randint(0, len(segment.data))])
        case _:
            _change_header(segments, at, rng)


def _change_header(segments: list[Segment], at: int, rng: Random) -> None:
    """Another precision, height, width or component in a frame header, or other values in an Exif or MPF segment."""
    named = [index for index, each in enumerate(segments) if 0xC0 <= each.marker <= 0xC2 or each.marker in (0xE1, 0xE2)]
    at = rng.choice(named) if named else at
    segment = segments[at]
    before = 6 if segment.data.startswith(b"Exif\0\0") else 4 if segment.data.startswith(b"MPF\0") else 0
    if before:
        data = segment.data[:before] + directories.mutate(segment.data[before:], rng)
    else:
        place, width = rng.choice(((0, 1), (1, 2), (3, 2), (5, 1), (6, 1), (7, 1), (8, 1)))
        data = put(rng, segment.data, place, width)
    segments[at] = replace(segment, data=data[:65_533])
