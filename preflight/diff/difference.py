"""The outcome of a comparison: each changed job with its findings and its price before and after."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

from preflight.model import Finding, JobReport
from preflight.model.job import JsonValue


class ChangeKind(Enum):
    """What happened to a job."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class FieldChange(NamedTuple):
    """A field of a job with another value; ``None`` where it is not given. URLs have no query."""

    field: str
    before: JsonValue
    after: JsonValue


class FactChange(NamedTuple):
    """A fact about a file that is another one now: ``duration``, ``12 s``, ``18.4 s``. ``field`` is the job's."""

    field: str | None
    source: str
    fact: str
    before: str | None
    after: str | None


class Amount(NamedTuple):
    """Credits and dollars, with the range of the credits. ``unpriced`` counts jobs without a price."""

    credits: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    unpriced: int = 0

    def plus(self, other: Amount) -> Amount:
        return Amount(
            self.credits + other.credits,
            self.low + other.low,
            self.high + other.high,
            self.usd + other.usd,
            self.unpriced + other.unpriced,
        )


NOTHING: Final = Amount()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """One job, or one media file that no job names (``bare``), that differs between the sides.

    ``path`` and ``line`` are on the newer side that has it; ``old_path`` is set where it was renamed. ``change`` is the
    price after minus the price before; its range is from the lowest price after minus the highest before to the
    opposite, and one point where nothing that is billed differs. ``counted`` is whether the totals include its price.
    """

    kind: ChangeKind
    path: str | None
    line: int | None
    id: str | None
    bare: bool
    old_path: str | None = None
    fields: tuple[FieldChange, ...] = ()
    facts: tuple[FactChange, ...] = ()
    before: JobReport | None = None
    after: JobReport | None = None
    new: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    old: tuple[Finding, ...] = ()
    change: Amount = NOTHING
    counted: bool = True
    group: str | None = None


class Level(Enum):
    """What a guardrail does when it trips."""

    NOTIFY = "notify"
    BLOCK = "block"


class Guardrail(NamedTuple):
    """A bound on a difference. ``unit`` is for people, ``at`` names the job or file that decides.

    ``value`` is ``None`` where there is nothing to compare. It is not ``certain`` where a job without a price may
    raise it.
    """

    name: str
    limit: Decimal
    value: Decimal | None
    unit: str
    level: Level
    at: str | None = None
    certain: bool = True

    @property
    def tripped(self) -> bool:
        return self.value is not None and self.value > self.limit


class Subtotal(NamedTuple):
    """The price of one group of jobs, before and after."""

    name: str
    jobs: int
    before: Amount
    after: Amount
    change: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two sides, compared. ``base`` and ``head`` are hashes of commits; ``head`` is ``None`` for the working tree.

    ``remarks`` name what could not be compared.
    """

    base: str
    head: str | None
    jobs: tuple[JobChange, ...]
    before: Amount
    after: Amount
    change: Amount
    groups: tuple[Subtotal, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    remarks: tuple[str, ...] = ()
