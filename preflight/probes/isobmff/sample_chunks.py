"""The chunks of a track, and the samples in them (ISO/IEC 14496-12 §8.7.4), whole runs of chunks at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add, sub
from typing import NamedTuple

_MAX_SAMPLES = 4096
"""Samples of one size in a chunk whose bytes are counted: longer chunks are raw sound."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """``count`` samples of ``each`` bytes, or of as many as ``listed`` says; 0 and ``None`` if none are told."""

    count: int
    each: int
    listed: tuple[int, ...] | None = None

    @property
    def largest(self) -> int:
        """The bytes of the largest sample; 0 where none are told."""
        return max(self.listed or (self.each,))

    def end(self, begins: Sequence[int], first: int, samples: int) -> int:
        """Where the last of the chunks at ``begins`` ends: each has ``samples``, one or more, from ``first`` on.

        A chunk whose bytes are not told ends at its first one.
        """
        if self.each:
            return max(begins) + (self.each * samples if samples <= _MAX_SAMPLES else 1)
        if self.listed is None:
            return max(begins) + 1
        sums = list(accumulate(self.listed[first : first + len(begins) * samples], initial=0))[::samples]
        last: int = max(map(add, begins, map(sub, sums[1:], sums)))
        return last


class Chunks(NamedTuple):
    """``begins``, in order, of those that hold a sample, ``samples`` in all of them, ``end`` of the last of any."""

    begins: Sequence[int]
    samples: int
    end: int | None


def place_samples(offsets: Sequence[int], runs: list[tuple[int, int]], sizes: Sizes) -> Chunks:
    """The chunks at ``offsets``, with the samples that ``runs`` (first chunk, samples a chunk) put into them.

    Whole runs at a time: a clip has hundreds of chunks, and one by one they would take more than all the rest.
    """
    begins: list[int] = []
    placed: list[tuple[Sequence[int], int, int]] = []
    sample = 0
    for begin, last, samples in stretches(runs, len(offsets)):
        full = min(last - begin, (sizes.count - sample) // samples)
        if full:
            placed.append((offsets[begin : begin + full], sample, samples))
            begins += offsets[begin : begin + full]
            sample += full * samples
        left = sizes.count - sample
        if full < last - begin and left:  # the last samples, too few for a whole chunk
            placed.append((offsets[begin + full : begin + full + 1], sample, left))
            begins.append(offsets[begin + full])
            sample += left
    ordered = sorted(begins)
    end = _end(placed, sizes, max(offsets) + 1, are_ordered=begins == ordered) if offsets else None
    return Chunks(ordered, sample, end)


def _end(placed: list[tuple[Sequence[int], int, int]], sizes: Sizes, end: int, *, are_ordered: bool) -> int:
    """Where the last of the chunks ``placed`` (begins, first sample, samples a chunk) ends; ``end`` if none does later.

    Where they are in order, as in most files, only those are added up that begin near enough to ``end`` to pass it.
    """
    largest = sizes.largest
    for begins, first, samples in reversed(placed):
        near = bisect_right(begins, end - samples * largest) if are_ordered else 0
        if near < len(begins):
            end = max(end, sizes.end(begins[near:], first + near * samples, samples))
    return end


def stretches(runs: list[tuple[int, int]], chunks: int) -> Iterator[tuple[int, int, int]]:
    """The chunks ``[first, last)`` of each run that has any, counted from 0, and the samples in each of them.

    A run begins where it says, but never before the one in front of it; a file that is in order has none of that.
    """
    begin, last = max(runs[0][0] - 1, 0) if runs else 0, 0
    ends = [*(first - 1 for first, _ in runs[1:]), chunks]
    for (_, samples), end in zip(runs, ends, strict=False):
        last = max(end, last)
        if samples and begin < min(last, chunks):
            yield begin, min(last, chunks), samples
        begin = last
