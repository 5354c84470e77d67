"""What a balance tells: the charge between two looks at it, and whether something else may have moved it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from preflight.ledger.entry import Balance, Entry, State


def fall(before: Balance, after: Balance) -> Decimal:
    """The credits spent from one look at the account to the other; negative where some came back.

    The service's own count of what was consumed is preferred: buying credits does not move it.
    """
    if before.consumed is not None and after.consumed is not None:
        return after.consumed - before.consumed
    return before.balance - after.balance


def may_have_moved(other: Entry, start: datetime, end: datetime, *, refunds: bool) -> bool:
    """Whether ``other`` can have moved the balance between ``start`` and ``end``.

    A charge falls between its request and its answer. With ``refunds`` a task that was running then counts, too: it may
    have failed, and its credits come back.
    """
    if other.sent_at is None or other.sent_at > end or other.state is State.REFUSED:
        return False
    if other.state is State.SENT:
        return True
    if other.state is State.UNKNOWN:
        return other.settles_at is None or other.settles_at >= start
    answered = next((event.at for event in other.events if event.state in _ANSWERED), other.updated_at)
    if answered >= start:
        return True
    if other.state is State.FAILED:
        return other.updated_at >= start
    return refunds and (other.state is State.ACCEPTED or other.updated_at >= start)


_ANSWERED = frozenset({State.ACCEPTED, State.COMPLETED, State.FAILED})
