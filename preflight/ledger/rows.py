"""Rows of the database as entries, and moments of time as text that sorts."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from preflight.ledger.entry import Balance, Entry, Event, State

_COLUMNS = (
    "id, api, job_hash, state, created_at, updated_at, sent_at, settles_at, attempts, model, path, job, quote, high,"
    " clocks, receipts, task_id, charged, refunded, reason"
)


def stamp(moment: datetime) -> str:
    """UTC to the microsecond, always of the same width."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: str | None) -> datetime | None:
    """The time that ``stamp`` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def select_entries(connection: sqlite3.Connection, rest: str = "", *values: object) -> list[Entry]:
    """The entries that ``rest`` (our own SQL after the table) selects, each with its balances and events."""
    cursor = connection.execute(f"SELECT {_COLUMNS} FROM entry {rest}", values)  # noqa: S608 - our own words
    names = [column[0] for column in cursor.description]
    return [_entry(connection, dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _entry(connection: sqlite3.Connection, row: dict[str, Any]) -> Entry:
    known = {name: row[name] for name in ("id", "api", "job_hash", "attempts", "model", "path", "task_id", "reason")}
    balances = connection.execute("SELECT moment, at, balance, consumed FROM balance WHERE entry_id = ?", (row["id"],))
    events = connection.execute("SELECT at, state, what FROM event WHERE entry_id = ? ORDER BY rowid", (row["id"],))
    return Entry(
        **known,
        state=State(row["state"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        sent_at=moment_of(row["sent_at"]),
        settles_at=moment_of(row["settles_at"]),
        job=json.loads(row["job"]),
        quote=json.loads(row["quote"]),
        clocks=json.loads(row["clocks"]),
        receipts=tuple(json.loads(row["receipts"])),
        high=Decimal(row["high"]),
        charged=_decimal(row["charged"]),
        refunded=None if row["refunded"] is None else bool(row["refunded"]),
        balances={
            moment: Balance(at=datetime.fromisoformat(at), balance=Decimal(balance), consumed=_decimal(consumed))
            for moment, at, balance, consumed in balances
        },
        events=tuple(Event(at=datetime.fromisoformat(at), state=State(state), what=what) for at, state, what in events),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
