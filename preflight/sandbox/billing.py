"""The sandbox's prices: the rates and caps of the API docs, and a rounding that they leave open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import TypeVar

_Choice = TypeVar("_Choice", bound=Enum)

SMALLEST = Decimal("0.0001")
"""The sandbox keeps credits to this part: a length of 10/3 s has no exact decimal price."""


class Rounding(Enum):
    """How the length is rounded before it is billed; ``CEIL_CREDITS`` rounds up the credits instead."""

    CEIL = "ceil"
    EXACT = "exact"
    NEAREST = "nearest"
    CEIL_CREDITS = "ceil-credits"


class BilledClock(Enum):
    """Which clock of the reference video is billed."""

    CONTAINER = "container"
    VIDEO = "video"


def hidden(choices: type[_Choice], seed: int) -> _Choice:
    """One of ``choices`` that ``seed`` decides, and that no answer tells: a client has to find out from its bills."""
    return Random(f"{choices.__name__} {seed}").choice(list(choices))  # noqa: S311 - repeatable chance, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Credits a second by mode, longest output in seconds by orientation, and the lengths that are taken at all."""

    model: str = "kling-v3-motion-control"
    rates: Mapping[str, Decimal] = field(default_factory=lambda: {"720p": Decimal(30), "1080p": Decimal(40)})
    caps: Mapping[str, Fraction] = field(default_factory=lambda: {"image": Fraction(10), "video": Fraction(30)})
    shortest: Fraction = Fraction(3)
    longest: Fraction = Fraction(30)
    rounding: Rounding = Rounding.CEIL

    def credits(self, seconds: Fraction, *, mode: str, orientation: str) -> Decimal:
        """The price of a reference of ``seconds``."""
        capped = min(seconds, self.caps[orientation])
        match self.rounding:
            case Rounding.CEIL:
                billed = Fraction(ceil(capped))
            case Rounding.EXACT | Rounding.CEIL_CREDITS:
                billed = capped
            case Rounding.NEAREST:
                billed = Fraction(floor(capped + Fraction(1, 2)))
        price = billed * Fraction(self.rates[mode])
        if self.rounding is Rounding.CEIL_CREDITS:
            return Decimal(ceil(price))
        return (Decimal(price.numerator) / price.denominator).quantize(SMALLEST, ROUND_HALF_UP)


class Clock:
    """Unix time that stood at ``origin`` when the state began, and since then passes ``speed`` times as fast."""

    def __init__(self, *, origin: float, speed: float, clock: Callable[[], float]) -> None:
        self._origin = origin
        self._speed = speed
        self._clock = clock

    def now(self) -> float:
        return self._origin + (self._clock() - self._origin) * self._speed

    def real(self, seconds: float) -> float:
        """How many real seconds ``seconds`` of this clock take."""
        return seconds / self._speed

    async def sleep_until(self, moment: float) -> None:
        """Return once this clock shows ``moment``."""
        while (left := moment - self.now()) > 0:  # noqa: ASYNC110 - a clock has no event; a timer may wake early
            await asyncio.sleep(self.real(left))
