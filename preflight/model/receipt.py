"""A receipt for the bytes that were checked, to tell later whether they are still the same."""

from __future__ import annotations

from hashlib import sha256

from preflight.model.frozen import frozen
from preflight.model.reading import SparseBytes

BLOCK_BYTES = 16 * 1024
"""Hashed at a time, at multiples of it: how much of a file arrives differs from one reading to the next."""


@frozen
class Receipt:
    """The validator and size that the server stated (``None``: it did not), and a hash of each block that was read.

    ``blocks`` holds (start, SHA-256 in hexadecimal) by start; a block ends ``BLOCK_BYTES`` later or with the file.
    """

    validator: str | None
    size_bytes: int | None
    blocks: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, fetched: SparseBytes, *, size_bytes: int | None, validator: str | None) -> Receipt:
        """The receipt of a reading. Blocks that were read in part are left out."""
        starts = {
            block
            for start, data in fetched.pieces()
            for block in range(start - start % BLOCK_BYTES, start + len(data), BLOCK_BYTES)
        }
        blocks = []
        for start in sorted(starts):
            end = start + BLOCK_BYTES if size_bytes is None else min(start + BLOCK_BYTES, size_bytes)
            data = fetched.between(start, end)
            if data and len(data) == end - start:
                blocks.append((start, sha256(data).hexdigest()))
        return cls(validator=validator, size_bytes=size_bytes, blocks=tuple(blocks))

    def matches(self, other: Receipt) -> bool:
        """Whether both are of the same bytes, as far as both have read: at least one block, and none that differs."""
        ours, theirs = dict(self.blocks), dict(other.blocks)
        common = ours.keys() & theirs.keys()
        return (
            self.validator == other.validator
            and self.size_bytes == other.size_bytes
            and (bool(common) or self.size_bytes == 0)
            and all(ours[start] == theirs[start] for start in common)
        )
