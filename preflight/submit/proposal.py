"""A job as it is shown before it is paid for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from preflight.model import JobReport, Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSource:
    """The local file behind a field of the job, which is or will be at a URL of the same bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is about to be paid for, where, and from which account.

    ``name`` is the job's file, ``None`` for a job without one. ``balance`` is the account's in credits, ``None`` where
    ``why_unknown`` says why it is not known. ``files`` are those that are uploaded, by field.
    """

    report: JobReport
    quote: Quote
    service: str
    name: str | None = None
    balance: Decimal | None = None
    why_unknown: str = "not known"
    files: Mapping[str, LocalSource]

    @property
    def is_covered(self) -> bool:
        """Whether the account holds the most that the job may cost, as far as that is known."""
        return self.balance is None or self.balance >= self.quote.high
