"""Remembers the ids of a manifest's rows, to find one that is used twice: in memory that is bounded, however many."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, Final, Protocol

from preflight.jobfiles import limits

if TYPE_CHECKING:
    from preflight.jobfiles.stored_ids import StoredIds

_FIRST_SLOTS: Final = 4096
_NO_LINE: Final = 0
_MOST_LINE: Final = 0xFFFFFFFF
_DIGEST: Final = Struct("=qq")


class EarlierRows(Protocol):
    """Knows on which line the id of a row was used before."""

    def first_line(self, name: str, line: int) -> int | None:
        """The line of the earlier row with the id ``name`` of the row on ``line``; ``None`` where there is none."""
        ...


class FoundBefore:
    """The answers for some rows of a manifest, which was read as a whole before: first lines, by the row's own."""

    __slots__ = ("_first_lines",)

    def __init__(self, first_lines: Mapping[int, int]) -> None:
        self._first_lines = first_lines

    def first_line(self, name: str, line: int) -> int | None:  # noqa: ARG002 - of the interface
        return self._first_lines.get(line)


class RowIds:
    """The lines on which ids were first used.

    An id is kept as 128 bits of its BLAKE2 hash: nobody can make two ids that have the same. The first ``held`` ids are
    in memory, at 60 bytes each or less; those after them are in a temporary file, which ``close`` removes.
    """

    __slots__ = ("_count", "_held", "_highs", "_lines", "_lows", "_mask", "_stored")

    def __init__(self, held: int = limits.IDS_HELD) -> None:
        self._held = held
        self._count = 0
        self._stored: StoredIds | None = None
        self._allot(_FIRST_SLOTS)

    def first_line(self, name: str, line: int) -> int | None:
        """The line of the earlier row with this id; ``None`` for the first one, whose ``line`` is then remembered.

        Raises ``ConfigurationError`` where the temporary file finds no room.
        """
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_DIGEST.size).digest()
        high, low = _DIGEST.unpack(digest)
        at = self._slot(high, low)
        if found := self._lines[at]:
            return found
        if self._count >= self._held:
            return self._store().first_line(digest, line)
        self._highs[at], self._lows[at], self._lines[at] = high, low, min(line, _MOST_LINE)
        self._count += 1
        if 3 * self._count > 2 * self._mask:
            self._grow()
        return None

    def close(self) -> None:
        """Forget everything."""
        if self._stored is not None:
            self._stored.close()
        self._count = 0
        self._allot(_FIRST_SLOTS)

    def _store(self) -> StoredIds:
        if self._stored is None:
            from preflight.jobfiles.stored_ids import StoredIds  # loads SQLite, only for many rows

            self._stored = StoredIds()
        return self._stored

    def _slot(self, high: int, low: int) -> int:
        lines, mask = self._lines, self._mask
        at = low & mask
        while lines[at] and (self._lows[at] != low or self._highs[at] != high):
            at = at + 1 & mask
        return at

    def _allot(self, slots: int) -> None:
        self._mask = slots - 1
        self._highs, self._lows = array("q", [0]) * slots, array("q", [0]) * slots
        self._lines = array("I", [_NO_LINE]) * slots

    def _grow(self) -> None:
        before = zip(self._highs, self._lows, self._lines, strict=True)
        self._allot(2 * len(self._lines))
        for high, low, line in before:
            if line:
                at = self._slot(high, low)
                self._highs[at], self._lows[at], self._lines[at] = high, low, line
