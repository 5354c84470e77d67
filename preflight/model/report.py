"""The outcome of a check: a report for each job, and one over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field as data_field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from preflight.errors import PreflightError
from preflight.lazy import late
from preflight.model.exchange import Exchangeable, Restorable
from preflight.model.facts import Family, ImageFacts, Transfer
from preflight.model.finding import Finding, Hidden, Severity, Verdict
from preflight.model.frozen import frozen

if TYPE_CHECKING:
    from preflight.model.address import AddressFacts
    from preflight.model.job import JsonValue
    from preflight.model.quote import Quote, TotalQuote
    from preflight.model.receipt import Receipt
    from preflight.model.thumbnail import Thumbnail
    from preflight.model.video import VideoFacts


@frozen
class JobReport(Restorable):
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
    meta: Mapping[str, JsonValue] = data_field(default_factory=dict, repr=False)
    bare: bool = False
    identity: str | None = None
    checked_at: datetime | None = None
    fail_on: Severity = Severity.ERROR
    verdict: Verdict = Verdict.PASS

    def __repr__(self) -> str:
        """Short: the verdict, the name, and how much there is to say."""
        name = self.id or self.path or next((subject.source for subject in self.subjects), "")
        price = f", {self.quote.credits:f} credits" if self.quote else ""
        return f"<JobReport {self.verdict.value} {name!r}: {len(self.findings)} findings{price}>"


@frozen
class Report(Restorable):
    """All jobs of a run. ``quote`` is ``None`` when no job could be priced."""

    jobs: tuple[JobReport, ...]
    verdict: Verdict
    quote: TotalQuote | None = None

    @property
    def paid(self) -> tuple[JobReport, ...]:
        """The jobs that ``quote`` adds up: files by themselves count where there is no job."""
        return paid_jobs(self.jobs)

    def to_records(self) -> list[dict[str, Any]]:
        """A flat row for each file of each job, for ``pandas.DataFrame`` and ``pyarrow.Table.from_pylist``."""
        rows: list[dict[str, Any]] = late("preflight.render.objects.interchange", "records")(self)
        return rows

    def __repr__(self) -> str:
        """Short: the verdict, and how many jobs of which price."""
        return f"<Report {self.verdict.value}: {late('preflight.render.notebook', 'report_summary')(self)}>"

    def _repr_html_(self) -> str:
        """The report in a notebook."""
        html: str = late("preflight.render.notebook", "report_html")(self)
        return html


def paid_jobs(jobs: Sequence[JobReport]) -> tuple[JobReport, ...]:
    """Those of ``jobs`` that cost something together: a file by itself is paid for only where no job is."""
    return tuple(job for job in jobs if not job.bare) or tuple(job for job in jobs if job.quote)


class Kind(Enum):
    """Which part a file plays in a job."""

    IMAGE = "image"
    VIDEO = "video"


def are_exchanged(files: Iterable[tuple[Kind, Family | None]]) -> bool:
    """Whether a job has a clip as its image and a picture as its video: its files by the part and by the bytes."""
    return {(Kind.IMAGE, Family.VIDEO), (Kind.VIDEO, Family.PICTURE)} <= set(files)


@frozen
class Subject(Exchangeable):  # noqa: PLW1641 - its hash is made of its fields
    """One examined file.

    ``field`` is its field in the job, ``None`` for a file checked by itself. ``source`` is its path or its URL without
    the query string. ``fault`` is the error in reading it; ``facts`` is then ``None``. ``receipt`` is of a job's
    file at a URL. ``thumbnail`` is ``None`` where none was asked for; ``filmstrip`` is frames of a local clip.
    """

    kind: Kind
    source: str
    field: str | None = None
    address: AddressFacts | None = None
    transfer: Transfer = data_field(default_factory=Transfer)
    facts: ImageFacts | VideoFacts | None = None
    fault: PreflightError | None = data_field(default=None, hash=False)
    receipt: Receipt | None = None
    thumbnail: Thumbnail | None = None
    filmstrip: tuple[Thumbnail, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Two faults are equal if they say the same: exceptions themselves are equal to none."""
        return self._compared() == other._compared() if isinstance(other, Subject) else NotImplemented

    def _compared(self) -> tuple[object, ...]:
        fault = self.fault and (type(self.fault), self.fault.args, vars(self.fault))
        return (
            self.kind,
            self.source,
            self.field,
            self.address,
            self.transfer,
            self.facts,
            fault,
            self.receipt,
            self.thumbnail,
            self.filmstrip,
        )

    def __repr__(self) -> str:
        """Short: which file, and whether there are facts."""
        facts = self.facts.container if self.facts is not None else self.fault
        return f"<Subject {self.kind.value} {self.source!r}: {facts}>"

    @property
    def unopened(self) -> bool:
        """Whether this is a URL that could have been opened and was not, as in an offline check."""
        address = self.address
        return address is not None and not address.problem and self.facts is None and self.fault is None

    @property
    def image(self) -> ImageFacts | None:
        return self.facts if isinstance(self.facts, ImageFacts) else None

    @property
    def video(self) -> VideoFacts | None:
        return None if isinstance(self.facts, ImageFacts) else self.facts
