"""Which readings are counted: rows that name one file share its reading, which cost something once."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from preflight.model import Transfer

_KEPT: Final = 4096
"""Readings that are known to be counted: more than an engine remembers."""


class CountedReadings:
    """The last readings that were counted, here or by another worker. It may be used in any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: deque[Transfer] = deque()
        self._known: set[int] = set()

    def add(self, transfer: Transfer) -> bool:
        """Remember that a reading is counted; returns whether it was not counted for an earlier row."""
        with self._lock:
            if id(transfer) in self._known:
                return False
            if len(self._kept) == _KEPT:
                self._known.discard(id(self._kept.popleft()))
            self._kept.append(transfer)  # kept, so that no other one gets its identity
            self._known.add(id(transfer))
            return True
