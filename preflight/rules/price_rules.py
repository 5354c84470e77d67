"""Rules about the price."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from preflight.rules.rule import Flaw, PriceCase

WORTH_A_FINDING = Fraction(1)
"""Seconds by which clocks must differ.

A second or less is what rounding alone makes of any clip that is not cut to whole seconds, and of two clocks a frame
apart. Nobody changes a job for it, the headline takes the safe side, and the price line shows the range and the reason.
"""


def price_ambiguous(case: PriceCase) -> Iterator[Flaw]:
    """A cap that the clip exceeds has a rule of its own, which says that the full length may be charged for."""
    quote = case.quote
    if quote.apart > WORTH_A_FINDING or not quote.certain:
        span = f"perhaps {quote.low:f} to {quote.high:f}" if quote.low != quote.high else "but not for certain"
        yield Flaw(
            message=f"{quote.credits:f} credits, {span}: {'; '.join(quote.reasons)}",
            measured=f"{quote.low:f}–{quote.high:f} credits",
        )


def over_budget(case: PriceCase) -> Iterator[Flaw]:
    """The bound holds for the high end: what may be charged, not what is hoped for."""
    if case.max_credits is not None and case.quote.high > case.max_credits:
        yield Flaw(
            message=f"the job may cost {case.quote.high:f} credits; the budget is {case.max_credits:f}",
            measured=f"{case.quote.high:f} credits",
            allowed=f"at most {case.max_credits:f} credits",
            fix="shorten the clip, choose a cheaper mode, or raise --max-credits",
        )
