"""The outcome of a check: a report for each job, and one over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field as data_field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from preflight.errors import PreflightError
from preflight.model.facts import ImageFacts, Transfer
from preflight.model.finding import Finding, Hidden, Severity, Verdict
from preflight.model.frozen import frozen

if TYPE_CHECKING:
    from preflight.model.address import AddressFacts
    from preflight.model.quote import Quote, TotalQuote
    from preflight.model.receipt import Receipt
    from preflight.model.video import VideoFacts


@frozen
class JobReport:
    """One job, or one media file checked by itself (``bare``), with everything that was found.

    ``fail_on`` is the severity from which a finding fails; ``quotes`` holds the price in every mode that was asked for.
    ``identity`` is the same for two jobs that ask for the same video (``job_hash.py``). ``hidden`` are findings
    that are not shown. ``checked_at`` is when it was found, UTC.
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
    checked_at: datetime | None = None
    fail_on: Severity = Severity.ERROR
    verdict: Verdict = Verdict.PASS


@frozen
class Report:
    """All jobs of a run. ``quote`` is ``None`` when no job could be priced."""

    jobs: tuple[JobReport, ...]
    verdict: Verdict
    quote: TotalQuote | None = None

    @property
    def paid(self) -> tuple[JobReport, ...]:
        """The jobs that ``quote`` adds up: files by themselves count where there is no job."""
        return paid_jobs(self.jobs)


def paid_jobs(jobs: Sequence[JobReport]) -> tuple[JobReport, ...]:
    """Those of ``jobs`` that cost something together: a file by itself is paid for only where no job is."""
    return tuple(job for job in jobs if not job.bare) or tuple(job for job in jobs if job.quote)


class Kind(Enum):
    """Which part a file plays in a job."""

    IMAGE = "image"
    VIDEO = "video"


@frozen
class Subject:
    """One examined file.

    ``field`` is its field in the job, ``None`` for a file checked by itself. ``source`` is its path or its URL without
    the query string. ``fault`` is the error in reading it; ``facts`` is then ``None``. ``receipt`` is of a job's
    file at a URL.
    """

    kind: Kind
    source: str
    field: str | None = None
    address: AddressFacts | None = None
    transfer: Transfer = data_field(default_factory=Transfer)
    facts: ImageFacts | VideoFacts | None = None
    fault: PreflightError | None = None
    receipt: Receipt | None = None

    @property
    def image(self) -> ImageFacts | None:
        return self.facts if isinstance(self.facts, ImageFacts) else None

    @property
    def video(self) -> VideoFacts | None:
        return None if isinstance(self.facts, ImageFacts) else self.facts
