"""Exit codes, and the one of each outcome. Where several apply, the most serious for the user's money wins."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from preflight.checking.verdict import is_over_budget
from preflight.model import Report, Verdict

if TYPE_CHECKING:
    from preflight.submit.submit import Submission  # loads httpx2


class Exit(IntEnum):
    """The exit codes, which callers can rely on."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INDETERMINATE = 3
    API = 4
    OVER_BUDGET = 5
    OUTCOME_UNKNOWN = 6
    BUG = 70
    INTERRUPTED = 130


OF_VERDICT = {Verdict.PASS: Exit.PASS, Verdict.FAIL: Exit.FAIL, Verdict.INDETERMINATE: Exit.INDETERMINATE}


def exit_of(report: Report) -> Exit:
    """The exit code of a check: over budget, then fail, then indeterminate."""
    if is_over_budget(report):
        return Exit.OVER_BUDGET
    return OF_VERDICT[report.verdict]


def exit_of_submission(submission: Submission, *, saved: bool = True) -> Exit:
    """The exit code of a submission that was accepted. ``saved`` is whether its results were saved as requested."""
    if submission.state == "failed":
        return Exit.API
    return Exit.PASS if saved else Exit.INDETERMINATE
