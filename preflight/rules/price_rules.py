"""Rules about the price."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from preflight.rules.rule import Flaw, PriceCase

WORTH_A_FINDING = Fraction(1)
"""Seconds by which clocks must differ.

Rounding alone makes a difference of a second or less for any clip that is not cut to whole seconds, and for two clocks
a frame apart. Nobody changes a job for it; the headline takes the safe side, and the price shows the range and why.
"""


def price_ambiguous(case: PriceCase) -> Iterator[Flaw]:
    """A clip that exceeds the cap has a rule of its own, which says that the service may charge for its full length."""
    quote = case.quote
    if quote.apart > WORTH_A_FINDING or not quote.certain:
        span = f"perhaps {quote.low:f} to {quote.high:f}" if quote.low != quote.high else "but this is not certain"
        yield Flaw(
            message=f"{quote.credits:f} credits, {span}: {'; '.join(quote.reasons)}",
            measured=f"{quote.low:f}–{quote.high:f} credits",
        )


def over_budget(case: PriceCase) -> Iterator[Flaw]:
    """The bound applies to the high end of the price: the most that the service may charge."""
    if case.max_credits is not None and case.quote.high > case.max_credits:
        yield Flaw(
            message=f"the job may cost {case.quote.high:f} credits; the budget is {case.max_credits:f}",
            measured=f"{case.quote.high:f} credits",
            allowed=f"at most {case.max_credits:f} credits",
            fix="shorten the clip, choose a cheaper mode, or allow more credits",
        )
