"""The exit code of a payment for many jobs: that of the most serious end of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.cli.exit_codes import Exit
from preflight.runs.payments.settled import End

if TYPE_CHECKING:
    from preflight.runs.payments.paying import Payments
    from preflight.runs.payments.payment_plan import Plan

_SERIOUS = (
    (End.OVER_BUDGET, Exit.OVER_BUDGET),
    (End.FAILED, Exit.API),
    (End.REFUSED, Exit.API),
    (End.MISCONFIGURED, Exit.USAGE),
    (End.HELD, Exit.FAIL),
)
"""Most serious first."""


def exit_of_run(payments: Payments, plan: Plan) -> Exit:
    """The code for what came of ``payments``; jobs of ``plan`` that did not pass their check count as well."""
    ends = payments.ends
    if ends[End.UNKNOWN]:
        return Exit.OUTCOME_UNKNOWN
    if payments.interrupted:
        return Exit.INTERRUPTED
    if found := next((code for end, code in _SERIOUS if ends[end]), None):
        return found
    if not payments.is_kept:
        return Exit.USAGE
    if ends[End.STOPPED] and not ends[End.NOT_UPLOADED]:
        return Exit.API
    if plan.others["fail"]:
        return Exit.FAIL
    # The store did not take a file, or does not show it: as in a submission of one job, nothing is known of the job.
    return Exit.INDETERMINATE if ends[End.NOT_UPLOADED] or plan.others or ends[End.NOT_SAVED] else Exit.PASS
