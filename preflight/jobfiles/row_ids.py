"""Remembers the ids of a manifest's rows, to find one that is used twice, at 24 bytes a row or less."""

from __future__ import annotations

from array import array

from preflight.jobfiles import limits

_FIRST_SLOTS = 4096
_EMPTY = 0


class RowIds:
    """The lines on which ids were first used.

    An id is kept as 64 bits of its hash: with a million rows, the chance that two different ids are taken for one is
    below one in ten million.
    """

    __slots__ = ("_count", "_hashes", "_lines", "_mask")

    def __init__(self) -> None:
        self._count = 0
        self._mask = _FIRST_SLOTS - 1
        self._hashes = array("q", bytes(8 * _FIRST_SLOTS))
        self._lines = array("I", bytes(4 * _FIRST_SLOTS))

    def first_line(self, name: str, line: int) -> int | None:
        """The line of the earlier row with this id; ``None`` for the first one, whose ``line`` is then remembered.

        Only the first ``limits.IDS`` ids of a manifest are remembered.
        """
        key = hash(name) or 1
        at = self._slot(key)
        if self._hashes[at] == key:
            return self._lines[at]
        if self._count < limits.IDS:
            self._hashes[at], self._lines[at] = key, min(line, 0xFFFFFFFF)
            self._count += 1
            if 3 * self._count > 2 * self._mask:
                self._grow()
        return None

    def _slot(self, key: int) -> int:
        hashes, mask = self._hashes, self._mask
        at = key & mask
        while hashes[at] not in (_EMPTY, key):
            at = at + 1 & mask
        return at

    def _grow(self) -> None:
        hashes, lines = self._hashes, self._lines
        slots = 2 * len(hashes)
        self._mask = slots - 1
        self._hashes, self._lines = array("q", bytes(8 * slots)), array("I", bytes(4 * slots))
        for key, line in zip(hashes, lines, strict=True):
            if key != _EMPTY:
                at = self._slot(key)
                self._hashes[at], self._lines[at] = key, line
