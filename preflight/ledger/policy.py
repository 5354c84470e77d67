"""Asks the ledger before a job may be sent: is it new, is it within the budget."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from preflight.errors import AlreadySubmitted, OverBudget, StillUnknown
from preflight.ledger.entry import Entry, EntryState
from preflight.ledger.queries import cost_of_all, same_job, select_entries, stamp
from preflight.ledger.request import PaidRequest
from preflight.redact.advice import Advice

DAY = timedelta(hours=24)


def earlier_entry(connection: sqlite3.Connection, request: PaidRequest, api: str) -> Entry | None:
    """What the ledger has about the job of ``request``; ``None`` for a new job.

    It is the entry that is under way or in doubt, else the latest that was not refused.
    """
    among, values = same_job(request)
    same = select_entries(connection, f"WHERE api = ? AND {among} AND state != 'refused' ORDER BY id", api, *values)
    return next((entry for entry in same if entry.state.in_doubt), same[-1] if same else None)


def said_of(entry: Entry, *, is_dated: bool = False) -> str:
    """What an earlier ``entry`` says about its job, and what to do where it is in doubt. ``is_dated`` says when."""
    moment = (entry.sent_at or entry.created_at).astimezone(UTC)
    when = f" on {moment:%Y-%m-%d %H:%M} UTC" if is_dated else ""
    if entry.state is EntryState.UNKNOWN:
        return (
            f"this job may already have been paid for{when} (entry {entry.id} of the ledger);"
            f" settle that first: preflight ledger resolve {entry.id}"
        )
    if entry.state.in_doubt:
        return f"another process is submitting this job (entry {entry.id} of the ledger)"
    task = f"task {entry.task_id}, " if entry.task_id else ""
    return f"this job was already submitted{when} ({task}{entry.state.value}, entry {entry.id} of the ledger)"


def require_new(connection: sqlite3.Connection, request: PaidRequest, api: str, *, again: bool) -> None:
    """Raise ``StillUnknown`` or ``AlreadySubmitted`` for a job that is in doubt, or was paid for and not ``again``."""
    entry = earlier_entry(connection, request, api)
    if entry is None:
        return
    refusal = f"not sent: {said_of(entry)}"
    if entry.state is EntryState.UNKNOWN:
        raise StillUnknown(refusal, entry_id=entry.id)
    if entry.state.in_doubt:
        raise AlreadySubmitted(refusal, entry_id=entry.id)
    if not again:
        raise AlreadySubmitted(
            Advice.of(
                refusal,
                library="; again=True submits and pays again",
                command="; use --again to submit and pay again",
            ),
            entry_id=entry.id,
        )


def require_affordable(
    connection: sqlite3.Connection, request: PaidRequest, api: str, *, budget: Budget, now: datetime
) -> None:
    """Raise ``OverBudget`` when ``request`` does not fit beside the open requests and the cost of the last 24 hours."""
    if budget == Budget():
        return
    if budget.per_run is not None and budget.run is not None:
        taken = cost_of_all(connection, "WHERE run = ?", budget.run)
        if request.high + taken > budget.per_run:
            raise OverBudget(
                f"not sent: the job may cost {request.high:f} credits, and {taken:f} of the run's budget of"
                f" {budget.per_run:f} are spent or reserved"
            )
    in_doubt = "state IN ('intended', 'sent', 'unknown')"
    since = stamp(now - DAY)
    require_within(
        budget,
        high=request.high,
        pending=cost_of_all(connection, f"WHERE api = ? AND {in_doubt}", api),
        spent=cost_of_all(connection, f"WHERE api = ? AND NOT {in_doubt} AND sent_at >= ?", api, since),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Bounds in credits, ``None`` for none.

    ``max_credits`` bounds the amount at stake: the job with everything pending or unknown. ``per_day`` bounds that
    and what was spent in the last 24 hours. ``run`` is the id of the run on disk that the job is of, and ``per_run``
    bounds what all of its entries cost: the charge where it is known, else the high end of the quote.
    """

    max_credits: Decimal | None = None
    per_day: Decimal | None = None
    per_run: Decimal | None = None
    run: str | None = None


def require_within(budget: Budget, *, high: Decimal, pending: Decimal, spent: Decimal) -> None:
    """Raise ``OverBudget`` when a job of at most ``high`` credits does not fit into what ``budget`` leaves."""
    open_ones = f", {pending:f} credits are pending or unknown" if pending else ""
    if budget.max_credits is not None and high + pending > budget.max_credits:
        raise OverBudget(
            Advice.of(
                f"not sent: the job may cost {high:f} credits{open_ones}, and ",
                library=f"the budget allows {budget.max_credits:f}",
                command=f"--max-credits allows {budget.max_credits:f}",
            )
        )
    if budget.per_day is not None and high + pending + spent > budget.per_day:
        raise OverBudget(
            f"not sent: the job may cost {high:f} credits{open_ones}, {spent:f} were spent in the last 24 hours,"
            f" and the budget per day is {budget.per_day:f}"
        )
