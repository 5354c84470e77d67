"""Rounds seconds and credits for every price; the sandbox rounds by itself."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from preflight.specs import Rounding

_CREDIT = Decimal("0.0001")
_WIDE = Context(prec=60)


def round_seconds(seconds: Fraction, policy: Rounding) -> Fraction:
    """Whole seconds by ``policy``: up, to the nearest (half up), or not at all."""
    match policy:
        case "ceil":
            return Fraction(ceil(seconds))
        case "nearest":
            return Fraction((2 * seconds.numerator + seconds.denominator) // (2 * seconds.denominator))
        case "exact":
            return seconds
    assert_never(policy)


def to_decimal(value: Fraction, *, upwards: bool | None = None) -> Decimal:
    """A fraction as a decimal of at most four places; ``upwards`` says to which side, ``None`` to the nearest."""
    if value.denominator == 1:
        return Decimal(value.numerator)
    rounding = ROUND_HALF_EVEN if upwards is None else ROUND_CEILING if upwards else ROUND_FLOOR
    exact = _WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return plain(exact.quantize(_CREDIT, rounding=rounding, context=_WIDE))


def to_places(value: Fraction, places: int) -> Decimal:
    """A fraction as a decimal of at most ``places`` places, rounded to the nearest."""
    exact = _WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return plain(exact.quantize(Decimal(1).scaleb(-places), context=_WIDE))


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent."""
    if value == value.to_integral_value(context=_WIDE):
        return value.quantize(Decimal(1), context=_WIDE)
    return value.normalize(_WIDE)


def decimal_text(value: Fraction) -> str:
    """A fraction as a decimal string: exact where it ends within twelve places, else rounded to nine."""
    return f"{to_places(value, 12 if 10**12 % value.denominator == 0 else 9):f}"


def dollars(value: Decimal) -> str:
    """An amount of dollars with two decimals, more where they are needed."""
    return f"{value:.2f}" if value == value.quantize(Decimal("0.01")) else f"{plain(value):f}"
