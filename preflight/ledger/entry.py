"""An entry of the ledger: one paid request, its state, and the states that may follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Literal, TypeAlias


class EntryState(Enum):
    """The state of a submission.

    ``INTENDED``: written down, nothing sent. ``SENT``: the request may have left. ``ACCEPTED``: the service took it.
    ``COMPLETED`` and ``FAILED``: its task has ended. ``REFUSED``: the service took nothing. ``UNKNOWN``: nobody knows.
    """

    INTENDED = "intended"
    SENT = "sent"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"

    @property
    def ended(self) -> bool:
        """Whether it stays as it is for ever."""
        return not _NEXT[self]

    @property
    def in_doubt(self) -> bool:
        """Whether it may yet cost something that the balance does not show."""
        return self in {EntryState.INTENDED, EntryState.SENT, EntryState.UNKNOWN}

    def may_become(self, state: EntryState) -> bool:
        """Whether ``state`` is a step forward from here."""
        return state in _NEXT[self]


_NEXT: Mapping[EntryState, frozenset[EntryState]] = {
    EntryState.INTENDED: frozenset({EntryState.SENT, EntryState.REFUSED}),
    EntryState.SENT: frozenset({EntryState.ACCEPTED, EntryState.UNKNOWN, EntryState.REFUSED}),
    EntryState.UNKNOWN: frozenset({EntryState.ACCEPTED, EntryState.COMPLETED, EntryState.FAILED, EntryState.REFUSED}),
    EntryState.ACCEPTED: frozenset({EntryState.COMPLETED, EntryState.FAILED}),
    EntryState.COMPLETED: frozenset(),
    EntryState.FAILED: frozenset(),
    EntryState.REFUSED: frozenset(),
}

Moment: TypeAlias = Literal["before", "after", "end"]
"""When a balance was looked at: right before the request, right after its answer, when its task had ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The account at one moment, in credits. ``consumed`` is the service's count of what was spent, if it has one."""

    at: datetime
    balance: Decimal
    consumed: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an entry, and the state that it had from then on."""

    at: datetime
    state: EntryState
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One submission. Times are UTC, money is credits.

    ``job`` is its body without query strings, ``quote`` its price as in a report, ``clocks`` the lengths of its clip in
    seconds by name (fractions as text), ``receipts`` what was read of its files. ``charged`` is what the balance fell
    by while nothing else ran, ``None`` where that was not seen. ``settles_at`` is when a request without an answer can
    no longer be charged for. ``content_hash`` is its identity by the bytes of its uploaded files, where it has any.
    ``account`` tells the key that paid from others (``Ledger.account_of``). ``refunded`` is
    whether the balance showed a failed task's credits come back. ``run`` is the id of the run on disk that it was
    sent from.
    """

    id: int
    api: str
    job_hash: str
    state: EntryState
    created_at: datetime
    updated_at: datetime
    job: Mapping[str, object]
    quote: Mapping[str, object]
    high: Decimal
    model: str
    path: str | None = None
    clocks: Mapping[str, str]
    receipts: tuple[Mapping[str, object], ...] = ()
    sent_at: datetime | None = None
    settles_at: datetime | None = None
    attempts: int = 0
    task_id: str | None = None
    charged: Decimal | None = None
    account: str | None = None
    content_hash: str | None = None
    refunded: bool | None = None
    reason: str | None = None
    run: str | None = None
    balances: Mapping[str, Balance]
    events: tuple[Event, ...] = ()

    @property
    def cost(self) -> Decimal:
        """Its amount in a budget; see ``cost_of``."""
        return cost_of(self.state, high=self.high, charged=self.charged, refunded=bool(self.refunded))


def cost_of(state: EntryState, *, high: Decimal, charged: Decimal | None, refunded: bool) -> Decimal:
    """The charge where it is known, else the high end of the quote; 0 for a request that cost nothing."""
    if state is EntryState.REFUSED or (state is EntryState.FAILED and refunded):
        return Decimal(0)
    return high if charged is None else charged
