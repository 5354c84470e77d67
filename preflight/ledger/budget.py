"""How much may be spent, held to the high end of a quote and to everything whose outcome is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from preflight.errors import OverBudget

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Bounds in credits, ``None`` for none.

    ``max_credits`` bounds what is at stake at once: the job with everything pending or unknown. ``per_day`` bounds that
    and what was spent in the last 24 hours.
    """

    max_credits: Decimal | None = None
    per_day: Decimal | None = None


def require_within(budget: Budget, *, high: Decimal, pending: Decimal, spent: Decimal) -> None:
    """Raise ``OverBudget`` when a job of at most ``high`` credits does not fit into what ``budget`` leaves."""
    open_ones = f", {pending:f} credits are pending or unknown" if pending else ""
    if budget.max_credits is not None and high + pending > budget.max_credits:
        raise OverBudget(
            f"not sent: the job may cost {high:f} credits{open_ones}, and --max-credits allows {budget.max_credits:f}"
        )
    if budget.per_day is not None and high + pending + spent > budget.per_day:
        raise OverBudget(
            f"not sent: the job may cost {high:f} credits{open_ones}, {spent:f} were spent in the last 24 hours,"
            f" and the budget per day is {budget.per_day:f}"
        )
