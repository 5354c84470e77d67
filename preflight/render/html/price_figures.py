"""The prices of a page over all its jobs: by group, by job, and added up. Memory does not grow with them."""

from __future__ import annotations

from decimal import Decimal
from heapq import heappushpop
from typing import Final, NamedTuple

from preflight.model import Quote

OTHERS: Final = "(others)"
RANGES: Final = 40
"""Jobs whose range of price is drawn: the most expensive ones."""
_GROUPS: Final = 1000
_POINTS: Final = 1000
"""Points of the curve of cumulated credits; beyond that, every second one is dropped."""


class JobRange(NamedTuple):
    """The price of one job with its range."""

    credits: Decimal
    low: Decimal
    high: Decimal
    number: int
    name: str


class PriceFigures:
    """The prices of the jobs added so far, or of files by themselves.

    ``groups`` has the count, the credits and the high end of each group, ``ranges`` the most expensive jobs.
    """

    def __init__(self) -> None:
        self.groups: dict[str, tuple[int, Decimal, Decimal]] = {}
        self.ranges: list[JobRange] = []
        self.count = 0
        self._cumulated: list[tuple[int, Decimal, Decimal]] = []
        self._credits = self._high = Decimal(0)
        self._stride = 1

    def add(self, quote: Quote | None, *, group: str, name: str) -> None:
        """Count one more; ``quote`` is ``None`` where it has no price."""
        self.count += 1
        if quote is None:
            return
        if group not in self.groups and len(self.groups) >= _GROUPS:
            group = OTHERS
        jobs, credits_, high = self.groups.get(group, (0, Decimal(0), Decimal(0)))
        self.groups[group] = (jobs + 1, credits_ + quote.credits, high + quote.high)
        price = JobRange(quote.credits, quote.low, quote.high, -self.count, name)
        if len(self.ranges) < RANGES:
            self.ranges.append(price)
            self.ranges.sort()
        else:
            heappushpop(self.ranges, price)
        self._credits += quote.credits
        self._high += quote.high
        if self.count % self._stride == 0:
            self._cumulated.append((self.count, self._credits, self._high))
        if len(self._cumulated) > _POINTS:
            self._stride *= 2
            self._cumulated = self._cumulated[1::2]

    @property
    def curve(self) -> list[tuple[int, Decimal, Decimal]]:
        """Jobs, credits and the high end, cumulated; the last point is the total."""
        last = (self.count, self._credits, self._high)
        points = self._cumulated if self._cumulated and self._cumulated[-1] == last else [*self._cumulated, last]
        return [(0, Decimal(0), Decimal(0)), *points]
