"""How far the payment of a draft is. Each step leads to the next once, whatever is pressed how often."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from enum import Enum

from preflight.model import Job, JobReport
from preflight.submit.proposal import Proposal


class Step(Enum):
    """``HELD``: not paid, and ``Payment.why`` says why. ``IN_DOUBT``: sent, and nobody knows what came of it."""

    NONE = "none"
    PREPARING = "preparing"
    ASKING = "asking"
    PAYING = "paying"
    ACCEPTED = "accepted"
    HELD = "held"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """``question`` names the proposal that a yes is about. ``entry`` is the ledger's, where there is one.

    ``can_repeat`` is whether the job of that entry may be paid for once more. ``again`` is the entry of the payment
    that is to be repeated on purpose.
    """

    step: Step = Step.NONE
    doing: str = ""
    job: Job | None = None
    report: JobReport | None = None
    proposal: Proposal | None = None
    question: str = ""
    why: str = ""
    entry: int | None = None
    can_repeat: bool = False
    again: int | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something goes on that must not start a second time."""
        return self.step in {Step.PREPARING, Step.PAYING}

    def asking(self, job: Job, report: JobReport, proposal: Proposal) -> Payment:
        """The question about ``proposal``, with a new name."""
        return replace(
            self,
            step=Step.ASKING,
            job=job,
            report=report,
            proposal=proposal,
            question=secrets.token_urlsafe(16),
        )

    def ended(self, step: Step, why: str = "", entry: int | None = None, *, can_repeat: bool = False) -> Payment:
        """The end of it."""
        return replace(self, step=step, why=why, entry=entry, can_repeat=can_repeat)
