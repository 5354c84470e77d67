"""The quotes of one server: jobs that passed their check, each with an id that alone can be submitted."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path

from preflight.errors import NotSubmitted
from preflight.model import Job, JobReport

_MOST = 500
"""Quotes that are kept; the oldest make room."""

_ID = re.compile(r"q-(?P<identity>[0-9a-f]{64})-[A-Za-z0-9_-]{16}", re.ASCII)


@dataclass(slots=True, kw_only=True)
class Asked:
    """A question that a client has not answered yet: its key, and the check that it shows."""

    key: str
    report: JobReport


@dataclass(slots=True, kw_only=True)
class QuotedJob:
    """A job as it was checked. ``report`` is the check, ``high`` the most that it may cost.

    ``file`` is the job's file with its hash at that time. ``asked`` is the question about it that is open.
    """

    id: str
    job: Job
    report: JobReport
    identity: str
    high: Decimal
    file: tuple[Path, str] | None
    ends: float
    expires_at: datetime
    asked: Asked | None = field(default=None)

    def require_same_file(self) -> None:
        """Raise ``NotSubmitted`` where the job's file has changed since the quote."""
        if self.file is not None and hash_of(self.file[0]) != self.file[1]:
            raise NotSubmitted("not sent: the job's file has changed since the quote; check it again for a new quote")


class QuoteBook:
    """Quotes by their id, for ``seconds`` each; ``clock`` counts seconds and never goes back."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._quotes: dict[str, QuotedJob] = {}

    def add(self, job: Job, report: JobReport, file: tuple[Path, str] | None) -> QuotedJob:
        """A new quote for a job that passed its check, and so has a price and an identity."""
        assert report.quote is not None, "a job that passed has a price"
        assert report.identity is not None, "a job has one"
        quoted = QuotedJob(
            id=f"q-{report.identity}-{secrets.token_urlsafe(12)}",
            job=job,
            report=report,
            identity=report.identity,
            high=report.quote.high,
            file=file,
            ends=self._clock() + self._seconds,
            expires_at=datetime.now(UTC) + timedelta(seconds=self._seconds),
        )
        self._quotes[quoted.id] = quoted
        while len(self._quotes) > _MOST:
            del self._quotes[next(iter(self._quotes))]
        return quoted

    def find(self, quote_id: str) -> QuotedJob | None:
        """The quote of that id; ``None`` where this server did not make it, or no longer has it."""
        return self._quotes.get(quote_id)

    def require_valid(self, quoted: QuotedJob) -> None:
        """Raise ``NotSubmitted`` for a quote whose time is over."""
        if self._clock() >= quoted.ends:
            raise NotSubmitted("not sent: the quote has expired; check the job again for a new one")


def identity_in(quote_id: str) -> str | None:
    """The identity of the job in the id of a quote, of whatever server; ``None`` for another text."""
    found = _ID.fullmatch(quote_id)
    return found["identity"] if found else None


def hash_of(path: Path) -> str | None:
    """The SHA-256 of a file; ``None`` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
