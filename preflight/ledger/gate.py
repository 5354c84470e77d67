"""What is asked of the ledger before a job may be sent: is it new, is it within the budget."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from preflight.errors import AlreadySubmitted, StillUnknown
from preflight.ledger.budget import DAY, Budget, require_within
from preflight.ledger.entry import State
from preflight.ledger.order import Order
from preflight.ledger.rows import cost_of_all, select_entries, stamp


def require_new(connection: sqlite3.Connection, order: Order, api: str, *, again: bool) -> None:
    """Raise ``StillUnknown`` or ``AlreadySubmitted`` for a job that is in doubt, or was paid for and not ``again``."""
    same = select_entries(
        connection, "WHERE api = ? AND job_hash = ? AND state != 'refused' ORDER BY id", api, order.job_hash
    )
    for entry in same:
        if entry.state is State.UNKNOWN:
            raise StillUnknown(
                f"not sent: this job may have been paid for already (entry {entry.id} of the ledger);"
                f" settle that first: preflight ledger resolve {entry.id}",
                entry_id=entry.id,
            )
        if entry.state.in_doubt:
            raise AlreadySubmitted(
                f"not sent: another process is submitting this job (entry {entry.id} of the ledger)", entry_id=entry.id
            )
    if same and not again:
        entry = same[-1]
        task = f"task {entry.task_id}, " if entry.task_id else ""
        raise AlreadySubmitted(
            f"not sent: this job was paid for already ({task}{entry.state.value}, entry {entry.id} of the ledger);"
            " --again pays once more",
            entry_id=entry.id,
        )


def require_affordable(
    connection: sqlite3.Connection, order: Order, api: str, *, budget: Budget, now: datetime
) -> None:
    """Raise ``OverBudget`` when ``order`` does not fit beside what is open and what the last 24 hours have cost."""
    if budget == Budget():
        return
    in_doubt = "state IN ('intended', 'sent', 'unknown')"
    since = stamp(now - DAY)
    require_within(
        budget,
        high=order.high,
        pending=cost_of_all(connection, f"WHERE api = ? AND {in_doubt}", api),
        spent=cost_of_all(connection, f"WHERE api = ? AND NOT {in_doubt} AND sent_at >= ?", api, since),
    )
