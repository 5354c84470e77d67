"""A price with its range."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from preflight.model.exchange import Exchangeable
from preflight.model.frozen import frozen


@frozen
class Quote(Exchangeable):
    """What one job costs.

    ``credits`` is the headline: the spec's rounding of the container's clock. ``low`` and ``high`` span every
    rounding policy and every plausible clock; ``reasons`` says why they differ. ``seconds`` is the measured
    reference length, ``billed_seconds`` what is charged for after cap and rounding. ``apart`` is the number of seconds
    by which the clocks that may be billed differ, with the cap applied. ``certain`` is false where the file says too
    little of its length for agreement to prove anything. Of a model that is paid by the requested length or by the
    clip, ``seconds`` are those requested; ``credits_per_second`` is ``None`` where each clip has one price. ``mode``
    and ``orientation`` are empty for a model that has none.
    """

    credits: Decimal
    low: Decimal
    high: Decimal
    seconds: Fraction
    billed_seconds: Fraction
    credits_per_second: Decimal | None
    rounding: str
    usd: Decimal
    mode: str
    orientation: str
    apart: Fraction = Fraction(0)
    reasons: tuple[str, ...] = ()
    certain: bool = True

    @property
    def exact(self) -> bool:
        return self.certain and self.low == self.high == self.credits


@frozen
class TotalQuote(Exchangeable):
    """The sum over the jobs that have a price. ``unpriced`` counts those that have none: they are not free."""

    credits: Decimal
    low: Decimal
    high: Decimal
    usd: Decimal
    unpriced: int = 0
    certain: bool = True

    @property
    def exact(self) -> bool:
        return self.certain and self.low == self.high == self.credits and not self.unpriced
