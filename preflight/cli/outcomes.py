"""The exit code of each outcome. Where several apply, the most serious for the user's money wins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from preflight.checking.verdict import Outcome, outcome_of
from preflight.cli.exit_codes import Exit
from preflight.model import Report, Verdict

if TYPE_CHECKING:
    from preflight.submit.submit import Submission  # loads httpx2

OF_VERDICT = {Verdict.PASS: Exit.PASS, Verdict.FAIL: Exit.FAIL, Verdict.INDETERMINATE: Exit.INDETERMINATE}


def exit_of(report: Report) -> Exit:
    """The exit code of a check that was reported."""
    return exit_of_outcome(replace(outcome_of(report.jobs), verdict=report.verdict))


def exit_of_outcome(outcome: Outcome) -> Exit:
    """The exit code of a check: over budget, then fail, then indeterminate."""
    return Exit.OVER_BUDGET if outcome.over_budget else OF_VERDICT[outcome.verdict]


def exit_of_submission(submission: Submission, *, saved: bool = True) -> Exit:
    """The exit code of a submission that was accepted. ``saved`` is whether its results were saved as requested."""
    if submission.state == "failed":
        return Exit.API
    return Exit.PASS if saved else Exit.INDETERMINATE
