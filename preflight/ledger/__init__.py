"""The record of payments: an entry for each submission, written before the first byte leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.lazy import lazy_names

if TYPE_CHECKING:
    from preflight.ledger.entry import Balance, Entry, EntryState, Event
    from preflight.ledger.ledger import Claim, Ledger
    from preflight.ledger.policy import Budget
    from preflight.ledger.request import PaidRequest, paid_request_of

_HOMES = {
    "preflight.ledger.entry": ("Balance", "Entry", "EntryState", "Event"),
    "preflight.ledger.ledger": ("Claim", "Ledger"),
    "preflight.ledger.policy": ("Budget",),
    "preflight.ledger.request": ("PaidRequest", "paid_request_of"),
}
"""Loaded on first use: the options of a command need no SQLite."""

__all__ = ["Balance", "Budget", "Claim", "Entry", "EntryState", "Event", "Ledger", "PaidRequest", "paid_request_of"]

__getattr__ = lazy_names(globals(), _HOMES)
