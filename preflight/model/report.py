"""The outcome of a check: per job, and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from preflight.model.finding import Finding, Hidden, Severity, verdict_of
from preflight.model.subject import Subject
from preflight.model.verdict import Verdict

if TYPE_CHECKING:  # see __init__.py
    from preflight.model.quote import Quote, TotalQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """One job, or one media file checked by itself (``bare``), with everything that was found.

    ``fail_on`` is the severity from which a finding fails; ``quotes`` holds the price in every mode that was asked for.
    ``identity`` is the same for two jobs that ask for the same video (``identity.py``). ``hidden`` is what was found
    and is not shown.
    """

    model: str
    subjects: tuple[Subject, ...] = ()
    findings: tuple[Finding, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    quote: Quote | None = None
    quotes: tuple[Quote, ...] = ()
    id: str | None = None
    path: str | None = None
    line: int | None = None
    bare: bool = False
    identity: str | None = None
    fail_on: Severity = Severity.ERROR
    verdict: Verdict = Verdict.PASS

    def verdict_of(self, subject: Subject) -> Verdict:
        """The verdict of one subject: of the findings about its field, and of hidden ones that left it unexamined."""
        counted = (*self.findings, *(each.finding for each in self.hidden if each.finding.indeterminate))
        about = (finding for finding in counted if finding.field == subject.field)
        return verdict_of(about, self.fail_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All jobs of a run. ``quote`` is ``None`` when no job could be priced."""

    jobs: tuple[JobReport, ...]
    quote: TotalQuote | None = None

    @property
    def paid(self) -> tuple[JobReport, ...]:
        """The jobs that ``quote`` adds up: files by themselves count where there is no job."""
        return paid_jobs(self.jobs)

    @property
    def verdict(self) -> Verdict:
        return Verdict.worst(job.verdict for job in self.jobs)


def paid_jobs(jobs: Sequence[JobReport]) -> tuple[JobReport, ...]:
    """Those of ``jobs`` that cost something together: a file by itself is paid for only where no job is."""
    return tuple(job for job in jobs if not job.bare) or tuple(job for job in jobs if job.quote)
