"""The cost of each day, as a table and as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from preflight.ledger.sums import Sum

DAYS: Final = 30
WIDTH: Final = 600
HEIGHT: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day of the chart, in its units: from the left, from the top, and so high."""

    day: str
    credits: Decimal
    unknown: int
    left: int
    width: int
    top: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The last ``DAYS`` days up to ``today``, the days without a payment too. ``most`` is the highest bar's amount."""

    bars: tuple[Bar, ...]
    most: Decimal

    @property
    def first(self) -> str:
        return self.bars[0].day

    @property
    def last(self) -> str:
        return self.bars[-1].day


def chart_of(sums: Sequence[Sum], today: date) -> Chart:
    """The chart of sums by day (UTC), which are named like ``2026-11-27``."""
    by_day = {each.name: each for each in sums}
    days = [(today - timedelta(days=back)).isoformat() for back in reversed(range(DAYS))]
    costs = [by_day[day].cost if day in by_day else Decimal(0) for day in days]
    most, step = max(costs), WIDTH // DAYS
    bars = []
    for index, (day, cost) in enumerate(zip(days, costs, strict=True)):
        # A day with any cost has a bar that can be seen.
        height = max(2, int(cost * HEIGHT / most)) if cost else 0
        bars.append(
            Bar(
                day=day,
                credits=cost,
                unknown=by_day[day].unknown if day in by_day else 0,
                left=index * step + 2,
                width=step - 4,
                top=HEIGHT - height,
                height=height,
            )
        )
    return Chart(bars=tuple(bars), most=most)
