"""What the sandbox charges: the page's rates and caps, and a rounding that the page leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction
from math import ceil, floor

SMALLEST = Decimal("0.0001")
"""The sandbox keeps credits to this part: a length of 10/3 s has no exact decimal price."""


class Rounding(Enum):
    """How the length is rounded before it is billed."""

    CEIL = "ceil"
    EXACT = "exact"
    NEAREST = "nearest"


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
            case Rounding.EXACT:
                billed = capped
            case Rounding.NEAREST:
                billed = Fraction(floor(capped + Fraction(1, 2)))
        return (Decimal(billed.numerator) * self.rates[mode] / billed.denominator).quantize(SMALLEST, ROUND_HALF_UP)
