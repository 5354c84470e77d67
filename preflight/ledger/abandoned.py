"""Entries whose process ended before it wrote down how the request went."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

from preflight.ledger.entry import EntryState
from preflight.ledger.locks import is_held
from preflight.ledger.queries import put_state, select_entries
from preflight.ledger.schema import SETTLING

_IN_DOUBT = "state IN ('intended', 'sent', 'unknown')"  # to the letter an index's condition, which SQLite then uses


def settle_abandoned(connection: sqlite3.Connection, path: Path, now: datetime) -> None:
    """Settle them: an unsent one is refused, one that may have left is unknown. ``path`` is the ledger's file."""
    for entry in select_entries(connection, f"WHERE {_IN_DOUBT} AND state != 'unknown'"):
        if is_held(path, entry.id):
            continue
        if entry.state is EntryState.INTENDED:
            put_state(connection, now, entry, EntryState.REFUSED, "the process ended before anything was sent")
        else:
            # The process may have been stopped for hours before its last byte left: that it is gone is known now.
            what = "the process ended before an answer came"
            put_state(connection, now, entry, EntryState.UNKNOWN, what, settles_at=now + SETTLING)
