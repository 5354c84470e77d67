"""Which jobs of a run are to be paid for, and which the ledger holds already, before any of them is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from preflight.errors import ConfigurationError, NotSubmitted, SourceError
from preflight.runs.run_errors import RunUnusable

if TYPE_CHECKING:
    from preflight.ledger import Ledger
    from preflight.model import Quote
    from preflight.runs.payments.payable import PaidRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A job of the run as it is kept in memory. ``entry`` is that of the ledger which holds it already."""

    row: int
    part: int
    id: str | None
    high: Decimal
    entry: int | None = None
    same_as: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether it is to be paid for."""
        return self.entry is None and self.same_as is None


@dataclass(slots=True, kw_only=True)
class Plan:
    """The jobs that passed, in order, and the price of those that are to be paid for."""

    jobs: list[Planned] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    new: int = 0
    low: Decimal = Decimal(0)
    credits: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)

    def add(self, job: Planned, quote: Quote) -> None:
        self.jobs.append(job)
        if job.is_new:
            self.new += 1
            self.low += quote.low
            self.credits += quote.credits
            self.high += quote.high
            self.usd += quote.usd


def make_plan(paid_run: PaidRun, ledger: Ledger, *, api: str, tick: Callable[[], object]) -> Plan:
    """What is to be paid for, and what the ledger holds already.

    Raises ``ConfigurationError`` where jobs name local files and nothing may be uploaded, ``RunUnusable`` for a folder
    that is not of this run.
    """
    ledger.mark_abandoned()
    plan, rows_of = Plan(), dict[str, int]()
    local: list[tuple[int, str]] = []
    for number in range(paid_run.run.parts):
        for payable in paid_run.passed(number, others=plan.others):
            tick()
            if paid_run.uploads is None and payable.local is not None:
                local.append((payable.row, payable.local))
            try:
                request = payable.request
            except NotSubmitted as error:
                raise RunUnusable(f"{paid_run.store.shown}: row {payable.row} is not that of the manifest") from error
            except SourceError:  # it is told at the turn of the job
                unread = Planned(row=payable.row, part=number, id=payable.job.id, high=payable.quote.high)
                plan.add(unread, payable.quote)
                continue
            same_as = rows_of.setdefault(request.content_hash or request.job_hash, payable.row)
            entry = ledger.last_of(request, api, refused=False)
            planned = Planned(
                row=payable.row,
                part=number,
                id=payable.job.id,
                high=request.high,
                entry=None if entry is None else entry.id,
                same_as=None if same_as == payable.row else same_as,
            )
            plan.add(planned, payable.quote)
    if local:
        row, source = local[0]
        jobs = "1 job names a local file" if len(local) == 1 else f"{len(local)} jobs name local files"
        raise ConfigurationError(
            f"{jobs} ({source} in row {row}), which the service cannot fetch: preflight submit RUN --upload"
            " s3://BUCKET/PREFIX uploads them first"
        )
    return plan
