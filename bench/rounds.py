"""Measuring on a machine that others use: cases take turns, and the median of the rounds counts.

Compared cases are measured in the same rounds, so that a slow minute is slow for everyone, and ratios are medians of
the rounds' own ratios.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Wall clock and processor time (user and system, of every thread), in seconds."""

    wall_s: float
    cpu_s: float


def spent_by(work: Callable[[], object], times: int = 1) -> Spent:
    """The cost of one call of ``work`` in this process, as the mean of ``times``."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    return Spent(wall_s=(time.perf_counter() - wall) / times, cpu_s=(time.process_time() - cpu) / times)


def in_turns(cases: Mapping[str, Callable[[], Spent]], rounds: int) -> dict[str, tuple[Spent, ...]]:
    """Every case once a round, after one round that does not count, by name."""
    for case in cases.values():
        case()
    measured: dict[str, list[Spent]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            measured[name].append(case())
    return {name: tuple(each) for name, each in measured.items()}


def wall_ms(spent: Sequence[Spent]) -> float:
    """The median wall clock, in milliseconds."""
    return 1000 * median(each.wall_s for each in spent)


def cpu_ms(spent: Sequence[Spent]) -> float:
    """The median processor time, in milliseconds."""
    return 1000 * median(each.cpu_s for each in spent)


def wall_ratio(spent: Sequence[Spent], base: Sequence[Spent]) -> float:
    """How many times the wall clock of ``base``."""
    return median(each.wall_s / other.wall_s for each, other in zip(spent, base, strict=True))


def cpu_ratio(spent: Sequence[Spent], base: Sequence[Spent]) -> float:
    """How many times the processor time of ``base``."""
    return median(each.cpu_s / other.cpu_s for each, other in zip(spent, base, strict=True))
