"""The record of payments: an entry for each submission, written before the first byte leaves."""

from __future__ import annotations

from preflight.ledger.entry import Balance, Entry, EntryState, Event
from preflight.ledger.ledger import Claim, Ledger
from preflight.ledger.policy import Budget
from preflight.ledger.request import PaidRequest, paid_request_of

__all__ = ["Balance", "Budget", "Claim", "Entry", "EntryState", "Event", "Ledger", "PaidRequest", "paid_request_of"]
