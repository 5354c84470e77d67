"""Reads a balance: the charge between two looks at it, and whether something else may have moved it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from preflight.ledger.entry import Balance, Entry, EntryState
from preflight.ledger.queries import select_entries, stamp

_REFUND = timedelta(hours=1)
"""The credits of a failed task come back by themselves, and the service does not say when."""
_ANSWERED = frozenset({EntryState.ACCEPTED, EntryState.COMPLETED, EntryState.FAILED})


def credits_spent(before: Balance, after: Balance) -> Decimal | None:
    """The credits spent from one look at the account to the other, negative where some came back.

    The service's own count of what was consumed is preferred: buying credits does not move it. ``None`` where the two
    contradict each other: a balance may fall by less than was consumed, never by more.
    """
    fell = before.balance - after.balance
    if before.consumed is None or after.consumed is None:
        return fell
    consumed = after.consumed - before.consumed
    return consumed if fell <= consumed else None


def amounts_spent(before: Balance, after: Balance) -> Iterator[Decimal]:
    """The credits spent between the two looks, by each figure of the account that tells it."""
    yield before.balance - after.balance
    if before.consumed is not None and after.consumed is not None:
        yield after.consumed - before.consumed


def has_fallen(before: Balance, after: Balance) -> bool:
    """Whether any figure of the account says that credits were spent between the two looks."""
    return any(amount > 0 for amount in amounts_spent(before, after))


def is_unmoved(before: Balance, after: Balance) -> bool:
    """Whether every figure of the account is known, and is what it was."""
    return before.balance == after.balance and before.consumed is not None and before.consumed == after.consumed


def charged_alone(connection: sqlite3.Connection, entry: Entry, *, until: datetime) -> bool:
    """Whether no other entry was charged, or seen to fail, between the look before ``entry`` was sent and ``until``."""
    before = entry.balances.get("before")
    if before is None:
        return False
    others = select_entries(
        connection,
        "WHERE id != ? AND id IN ("
        "SELECT id FROM entry WHERE api = ? AND state IN ('sent', 'unknown') UNION ALL SELECT id FROM entry"
        " WHERE api = ? AND state IN ('accepted', 'completed', 'failed') AND updated_at >= ?)",
        entry.id, entry.api, entry.api, stamp(before.at),
    )  # fmt: skip
    return not any(_was_charged(other, before.at, until) for other in others)


def ran_alone(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Whether nothing else of the ledger can have moved the balance since the look before ``entry`` was sent.

    Refunds count, too: the credits of a task that ran then, or of one in doubt, may have come back. A later entry is
    told by its number, as a clock may have been set back meanwhile.
    """
    before = entry.balances.get("before")
    if before is None:
        return False
    other = connection.execute(
        "SELECT 1 FROM entry WHERE api = ? AND id != ? AND sent_at IS NOT NULL AND state != 'refused' AND ("
        " id > ? OR state IN ('sent', 'unknown', 'accepted') OR updated_at >= ?"
        " OR (state = 'failed' AND refunded IS NOT 1 AND updated_at >= ?)) LIMIT 1",
        (entry.api, entry.id, entry.id, stamp(before.at), stamp(before.at - _REFUND)),
    )
    return other.fetchone() is None


def _was_charged(other: Entry, start: datetime, end: datetime) -> bool:
    # A charge falls between its request and its answer, and that of an unanswered one before it settles.
    if other.sent_at is None or other.sent_at > end:
        return False
    if other.state is EntryState.SENT:
        return True
    if other.state is EntryState.UNKNOWN:
        return other.settles_at is None or other.settles_at >= start
    answered = next((event.at for event in other.events if event.state in _ANSWERED), other.updated_at)
    return answered >= start or (other.state is EntryState.FAILED and other.updated_at >= start)
