"""What the operator of the server allows: said before it starts, where no model can reach it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from preflight.checking.options import Options
from preflight.errors import ConfigurationError
from preflight.ledger import Budget

QUOTE_SECONDS = 600
"""How long a quote can be submitted, unless the operator says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOrder:
    """What may be paid for without asking a person, in credits; ``None`` where nothing bounds that.

    ``total`` bounds all payments of one run of the server, ``per_day`` those of the last 24 hours in the ledger,
    whoever made them, and ``per_job`` each one. It allows nothing without a bound on the sum.
    """

    total: Decimal | None = None
    per_day: Decimal | None = None
    per_job: Decimal | None = None

    def __post_init__(self) -> None:
        if self.per_job is not None and not self.is_given:
            raise ConfigurationError("a budget for each job bounds no sum: give the agent a budget or one per day, too")

    @property
    def is_given(self) -> bool:
        """Whether there is an order at all."""
        return self.total is not None or self.per_day is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorOrders:
    """How the server checks, and what it may touch.

    ``options`` are those of a check for paying. ``roots`` are the folders that may be read; without any, those that
    the client declares. ``may_write`` lets ``fix`` write repaired files. ``limits`` hold for every payment, also for
    one that a person agreed to. ``always_asks`` asks a person within the standing order, too, which then is a limit.
    """

    options: Options
    roots: tuple[Path, ...] = ()
    may_write: bool = False
    standing: StandingOrder = field(default_factory=StandingOrder)
    limits: Budget = field(default_factory=Budget)
    always_asks: bool = False
    quote_seconds: float = QUOTE_SECONDS

    def budget(self, run: str, *, agreed: bool) -> Budget:
        """The budget of one payment of the server's run ``run``; ``agreed`` is whether a person said yes to it."""
        if agreed and not self.always_asks:
            return Budget(max_credits=self.limits.max_credits, per_day=self.limits.per_day, run=run)
        per_day = [each for each in (self.limits.per_day, self.standing.per_day) if each is not None]
        return Budget(
            max_credits=self.limits.max_credits,
            per_day=min(per_day, default=None),
            per_run=self.standing.total,
            run=run,
        )
