"""The question before the jobs of a run are paid for: its facts, for the terminal and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.ledger.sums import cost_of_run
from preflight.render.payments.run_payment import RunProposal

if TYPE_CHECKING:
    from decimal import Decimal

    from preflight.ledger import Balance, Ledger
    from preflight.runs.payments.payable import PaidRun
    from preflight.runs.payments.payment_plan import Plan


def proposal_of(
    paid_run: PaidRun, plan: Plan, ledger: Ledger, *, service: str, budget: Decimal, balance: Balance | None
) -> RunProposal:
    """What a yes pays for. ``balance`` is ``None`` where the service did not say."""
    return RunProposal(
        run=paid_run.store.shown,
        service=service,
        new=plan.new,
        known=len(plan.jobs) - plan.new,
        others=plan.others,
        credits=plan.credits,
        low=plan.low,
        high=plan.high,
        usd=plan.usd,
        budget=budget,
        taken=cost_of_run(ledger, paid_run.run.id),
        balance=None if balance is None else balance.balance,
        why_unknown="not known: the service did not say",
        local_files=paid_run.uploads.files if paid_run.uploads is not None else 0,
    )
