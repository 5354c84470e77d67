"""The chunks of a track, and the samples in them (ISO/IEC 14496-12 §8.7.4), whole runs of chunks at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from operator import add, itemgetter, sub

from preflight.model.named_tuple import NamedTuple

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
    placed: list[tuple[int, int, int, int]] = []
    sample, filled = 0, 0
    for begin, last, samples in stretches(runs, len(offsets)):
        full = min(last - begin, (sizes.count - sample) // samples)
        if full:
            placed.append((begin, begin + full, sample, samples))
            sample += full * samples
            filled += full
        if full < last - begin and sample < sizes.count:  # the last samples, too few for a whole chunk
            placed.append((begin + full, begin + full + 1, sample, sizes.count - sample))
            sample = sizes.count
            filled += 1
    ordered = sorted(offsets)
    begins = ordered
    if filled < len(offsets):
        begins = sorted(chain.from_iterable(offsets[begin:stop] for begin, stop, _, _ in placed))
    return Chunks(begins, sample, _end(offsets, ordered, placed, sizes) if offsets else None)


def _end(offsets: Sequence[int], ordered: Sequence[int], placed: list[tuple[int, int, int, int]], sizes: Sizes) -> int:
    """Where the last chunk ends. ``placed`` has chunks ``[begin, stop)``, their first sample and the samples in each.

    The chunks that begin near enough to the end to pass it are in most files the last ones: then only they are added
    up.
    """
    end = ordered[-1] + 1
    near = bisect_right(ordered, end - sizes.largest * max(map(itemgetter(3), placed), default=0))
    if ordered[near:] != list(offsets[near:]):
        near = 0
    for begin, stop, sample, samples in reversed(placed):
        if stop <= near:
            break
        first = max(begin, near)
        end = max(end, sizes.end(offsets[first:stop], sample + (first - begin) * samples, samples))
    return end


def stretches(runs: list[tuple[int, int]], chunks: int) -> Iterator[tuple[int, int, int]]:
    """The chunks ``[first, last)`` of each run that has any, counted from 0, and the samples in each of them.

    A run begins where it says, but never before the one in front of it; a file that is in order has none of that.
    """
    begin, stop = max(runs[0][0] - 1, 0) if runs else 0, 0
    for (_, samples), (following, _) in zip(runs, [*runs[1:], (chunks + 1, 0)], strict=False):
        if following - 1 > stop:
            stop = min(following - 1, chunks)
        if samples and begin < stop:
            yield begin, stop, samples
        begin = stop
