"""A receipt for the bytes that were checked, to tell later whether they are still the same."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise

from preflight.model.frozen import frozen
from preflight.model.reading import SparseBytes

BLOCK_BYTES = 16 * 1024
"""Hashed at a time, at multiples of it: two readings of one file may need different parts, and most blocks of both."""


@frozen
class Receipt:
    """The validator and size that the server stated (``None``: it did not), and a hash of each byte that decided.

    ``blocks`` holds (start, SHA-256 in hexadecimal, end) by start. The bytes are those that the probe was sent, and so
    the same however an answer arrived.
    """

    validator: str | None
    size_bytes: int | None
    blocks: tuple[tuple[int, str, int], ...]

    @classmethod
    def of(cls, fetched: SparseBytes, *, size_bytes: int | None, validator: str | None) -> Receipt:
        """The receipt of a reading."""
        blocks = tuple((start, sha256(fetched.between(start, end)).hexdigest(), end) for start, end in _blocks(fetched))
        return cls(validator=validator, size_bytes=size_bytes, blocks=blocks)

    def matches(self, other: Receipt) -> bool:
        """Whether both are of the same bytes, as far as both have read: at least one block, and none that differs."""
        ours, theirs = ({(start, end): digest for start, digest, end in it.blocks} for it in (self, other))
        common = ours.keys() & theirs.keys()
        return (
            self.validator == other.validator
            and self.size_bytes == other.size_bytes
            and (bool(common) or self.size_bytes == 0)
            and all(ours[block] == theirs[block] for block in common)
        )


def _blocks(fetched: SparseBytes) -> Iterator[tuple[int, int]]:
    """The bytes that are held without a hole, cut at multiples of ``BLOCK_BYTES``."""
    runs: list[tuple[int, int]] = []
    for start, data in fetched.pieces():
        begin = runs.pop()[0] if runs and runs[-1][1] == start else start
        runs.append((begin, start + len(data)))
    for start, end in runs:
        cuts = range(start - start % BLOCK_BYTES + BLOCK_BYTES, end, BLOCK_BYTES)
        yield from pairwise((start, *cuts, end))
