"""How many jobs are sent at the same time: fewer, and after a pause, where the service asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_LONGEST_WISH_S = 600.0
_GOOD_ROUND = 4
"""Jobs that the service takes without complaint before one more is sent at the same time."""


class Pace:
    """At most ``most`` jobs at once. Half as many after ``slow``, and one more after some that went well."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = self._now = most
        self._clock = clock
        self._lock = Lock()
        self._pause = _FIRST_PAUSE_S
        self._resumes_at = 0.0
        self._good = 0

    @property
    def at_once(self) -> int:
        """How many may be under way now; none during a pause."""
        with self._lock:
            return 0 if self._clock() < self._resumes_at else self._now

    def slow(self, wish: float | None = None) -> None:
        """The service answered that there are too many requests; ``wish`` is the seconds that it asks to wait."""
        with self._lock:
            if self._clock() >= self._resumes_at:  # those that were under way say the same once more
                self._now = max(1, self._now // 2)
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)
            pause = max(self._pause, min(wish or 0.0, _LONGEST_WISH_S))
            self._resumes_at = max(self._resumes_at, self._clock() + pause)
            self._good = 0

    def went_well(self) -> None:
        """The service took a job."""
        with self._lock:
            self._good += 1
            if self._good >= _GOOD_ROUND:
                self._good, self._pause = 0, _FIRST_PAUSE_S
                self._now = min(self._most, self._now + 1)
