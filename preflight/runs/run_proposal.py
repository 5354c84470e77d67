"""What paying for a run would cost, put together before anybody is asked."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from preflight.ledger.sums import cost_of_run
from preflight.render.run_payment import RunProposal

if TYPE_CHECKING:
    from preflight.ledger import Balance, Ledger
    from preflight.runs.payable import PaidRun, Plan


def proposal_of(
    run: PaidRun, plan: Plan, ledger: Ledger, *, service: str, budget: Decimal, balance: Balance | None
) -> RunProposal:
    """The proposal to pay for ``plan``. ``service`` is the API's URL, ``balance`` what it says of the account."""
    return RunProposal(
        run=run.store.shown,
        service=service,
        new=plan.new,
        known=len(plan.jobs) - plan.new,
        others=plan.others,
        credits=plan.credits,
        low=plan.low,
        high=plan.high,
        usd=plan.usd,
        budget=budget,
        taken=cost_of_run(ledger, run.run.id),
        balance=None if balance is None else balance.balance,
        why_unknown="not known: the service did not say",
    )
