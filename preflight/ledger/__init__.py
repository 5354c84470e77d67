"""What was asked for and what was paid: one entry a submission, written down before the first byte leaves."""

from __future__ import annotations

from preflight.ledger.budget import Budget
from preflight.ledger.claim import Claim
from preflight.ledger.entry import Balance, Entry, Event, State
from preflight.ledger.order import Order, order_of
from preflight.ledger.store import Ledger

__all__ = ["Balance", "Budget", "Claim", "Entry", "Event", "Ledger", "Order", "State", "order_of"]
