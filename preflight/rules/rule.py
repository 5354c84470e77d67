"""The shape of a rule: an id, a severity, a source, and one small function over one kind of case.

Named tuples, not dataclasses: every run makes all of these classes, at a tenth of the cost (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

from preflight.model import Finding, Severity
from preflight.model.named_tuple import NamedTuple
from preflight.specs import BUILT_IN, SizeLimit, Specs

if TYPE_CHECKING:
    from preflight.model import AddressFacts, ImageFacts, Job, Quote, Subject, VideoFacts
    from preflight.model.job import JsonValue
    from preflight.specs import Spec


class Area(Enum):
    """The part of a job that a rule judges."""

    JOB = "job"
    ADDRESS = "address"
    TRANSFER = "transfer"
    IMAGE = "image"
    VIDEO = "video"
    PRICE = "price"


class Trait(Enum):
    """A property of a rule that other parts of preflight ask for, so that none of them names the rule's id."""

    BUDGET = "budget"
    """Compares a price with the user's bound. It has its own exit code, and no baseline may hold it."""
    LENGTH = "length"
    """Needs only the length of a clip."""
    CAP = "cap"
    """Is about the cap that a job's orientation sets."""
    POINTER = "pointer"
    """Is about a pointer to a file on another machine: ignoring the rule by name leaves the file out."""
    ABSENT = "absent"
    """Is about a field that is not there, so that its place is that of the mapping around it."""
    UNREADABLE = "unreadable"
    """Is about a row that cannot be read as a job."""
    DECODED = "decoded"
    """May be about a picture that is too large to decode; making it smaller solves that."""
    CLOCKS = "clocks"
    """Is about clocks, which may disagree on the least or on the greatest length."""


class Flaw(NamedTuple):
    """One result of a rule function. ``severity`` and ``field`` are only set where they differ from the case's own."""

    message: str
    measured: str | None = None
    allowed: str | None = None
    fix: str | None = None
    severity: Severity | None = None
    field: str | None = None
    indeterminate: bool = False


class JobCase(NamedTuple):
    """A job before its files are examined. ``callback`` holds the facts of its callback URL.

    ``given`` holds the dotted names of every field given, one level into mappings that the spec knows; ``values`` the
    values of the spec's fields, of which an absent one is ``None``. ``specs`` has the models that are known.
    """

    job: Job
    spec: Spec
    given: tuple[str, ...]
    values: Mapping[str, JsonValue]
    callback: AddressFacts | None = None
    specs: Specs = BUILT_IN

    @classmethod
    def of(cls, job: Job, spec: Spec, callback: AddressFacts | None, specs: Specs = BUILT_IN) -> JobCase:
        """The case of ``job``, with its names collected once for all rules."""
        given: tuple[str, ...] = ()
        if isinstance(job.body, dict):
            container = spec.field("input").name
            inner = job.body.get(container)
            inside = [f"{container}.{key}" for key in inner] if isinstance(inner, dict) else ()
            given = (*job.body, *inside)
        values = {field.name: job.value(field.name) for field in spec.fields}
        return cls(job=job, spec=spec, given=given, values=values, callback=callback, specs=specs)


class SubjectCase(NamedTuple):
    """A file, even one that could not be read. ``uploaded`` is whether it must be at a public URL already."""

    subject: Subject
    spec: Spec
    now: datetime
    uploaded: bool = False


class ImageCase(NamedTuple):
    """A picture. ``name`` is the file's, for commands that repair it; ``is_local`` is whether it is on this machine.

    ``is_swapped`` is whether the job gives a clip as its image, and a picture as its video.
    """

    facts: ImageFacts
    spec: Spec
    name: str
    is_local: bool = False
    is_swapped: bool = False


class VideoCase(NamedTuple):
    """A clip, in a job with this orientation. The other fields are those of a picture."""

    facts: VideoFacts
    spec: Spec
    name: str
    orientation: str
    is_local: bool = False
    is_swapped: bool = False


class PriceCase(NamedTuple):
    """A price. ``max_credits`` is the user's bound, if there is one."""

    quote: Quote
    max_credits: Decimal | None = None


CaseT = TypeVar("CaseT")


class Rule(NamedTuple, Generic[CaseT]):
    """One requirement. ``source`` names its origin: a line of the API docs, or why preflight requires it."""

    id: str
    area: Area
    severity: Severity
    summary: str
    source: str
    check: Callable[[CaseT], Iterator[Flaw]]
    traits: frozenset[Trait] = frozenset()

    @property
    def origin(self) -> str:
        """Who requires it: ``API page`` (the API docs), ``advisory`` (services of the same family) or ``preflight``."""
        name = self.source.partition(":")[0]
        return "API page" if name == "page" else name

    @property
    def source_text(self) -> str:
        """``source`` in words: ``page:26`` is a line of the service's API docs."""
        name, _, rest = self.source.partition(":")
        return f"the service's API docs, line {rest}" if name == "page" else self.source

    @property
    def help(self) -> str:
        """The command that explains the rule."""
        return f"preflight explain {self.id}"

    def finding(self, flaw: Flaw, field: str | None) -> Finding:
        """``flaw`` as a finding of this rule, with ``field`` unless the flaw names another."""
        return Finding(
            rule=self.id,
            severity=flaw.severity or self.severity,
            message=flaw.message,
            indeterminate=flaw.indeterminate,
            field=flaw.field if flaw.field is not None else field,
            measured=flaw.measured,
            allowed=flaw.allowed,
            fix=flaw.fix,
            help=self.help,
        )


def once_more(case: ImageCase | VideoCase) -> str:
    """The advice about a file that is damaged: nobody uploads a file to check it where it is."""
    return "export or copy the file again" if case.is_local else "export or upload the file again"


def not_taken(model: str, what: str, measured: str) -> Flaw:
    """The flaw of a file of a kind that no field of the model takes."""
    return Flaw(message=f"{model} takes no {what}", measured=measured, allowed=f"no {what}", fix="leave it out")


def oversize(size_bytes: int | None, limit: SizeLimit, what: str, fix: Callable[[], str]) -> Iterator[Flaw]:
    """The API docs do not say whether MB is decimal or binary: a size between the two is a warning."""
    if size_bytes is None or size_bytes <= limit.safe_bytes:
        return
    hard = size_bytes > limit.hard_bytes
    doubt = "" if hard else "; it fits only if the service means binary megabytes"
    yield Flaw(
        message=f"the {what} has {size_bytes:,} bytes; at most {limit.label} are allowed{doubt}".replace(",", " "),
        measured=f"{size_bytes:,} bytes".replace(",", " "),
        allowed=f"at most {limit.label} ({limit.safe_bytes:,} bytes)".replace(",", " "),
        fix=fix(),
        severity=None if hard else Severity.WARNING,
    )
