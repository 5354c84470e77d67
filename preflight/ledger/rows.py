"""Rows of the database as entries, and moments of time as text that sorts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from preflight.errors import LedgerUnusable
from preflight.ledger.entry import Balance, Entry, Event, State, cost_of

_COLUMNS = (
    "id, api, job_hash, state, created_at, updated_at, sent_at, settles_at, attempts, model, path, job, quote, high,"
    " clocks, receipts, task_id, charged, refunded, reason"
)
_AT_ONCE = 500
_UNREADABLE = (ValueError, TypeError, ArithmeticError, RecursionError)


def stamp(moment: datetime) -> str:
    """UTC to the microsecond, always of the same width."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: str | None) -> datetime | None:
    """The time that ``stamp`` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def select_entries(connection: sqlite3.Connection, rest: str = "", *values: object) -> list[Entry]:
    """The entries that ``rest`` (our own SQL after the table) selects, each with its balances and events.

    Raises ``LedgerUnusable`` for a row that no preflight wrote.
    """
    cursor = connection.execute(f"SELECT {_COLUMNS} FROM entry {rest}", values)  # noqa: S608 - our own words
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    ids = [row["id"] for row in rows]
    balances = _by_entry(connection, "SELECT entry_id, moment, at, balance, consumed FROM balance", ids)
    events = _by_entry(connection, "SELECT entry_id, at, state, what FROM event", ids)
    return [_entry(row, balances.get(row["id"], ()), events.get(row["id"], ())) for row in rows]


def cost_of_all(connection: sqlite3.Connection, rest: str, *values: object) -> Decimal:
    """What the entries that ``rest`` selects count for in a budget, in credits; see ``Entry.cost``."""
    rows = connection.execute(f"SELECT id, state, high, charged, refunded FROM entry {rest}", values)  # noqa: S608 - our own words
    total = Decimal(0)
    for entry_id, state, high, charged, refunded in rows:
        try:
            total += cost_of(State(state), high=Decimal(high), charged=_decimal(charged), refunded=bool(refunded))
        except _UNREADABLE as error:
            raise LedgerUnusable(f"entry {entry_id} of the ledger cannot be read: it was not written so") from error
    return total


def _by_entry(connection: sqlite3.Connection, sql: str, ids: list[int]) -> dict[int, list[tuple[Any, ...]]]:
    """What ``sql`` selects of these entries, by entry, in the order in which it was written."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        for entry_id, *rest in connection.execute(f"{sql} WHERE entry_id IN ({marks}) ORDER BY rowid", some):
            found.setdefault(entry_id, []).append(tuple(rest))
    return found


def _entry(row: dict[str, Any], balances: Iterable[tuple[Any, ...]], events: Iterable[tuple[Any, ...]]) -> Entry:
    try:
        return _read(row, balances, events)
    except _UNREADABLE as error:
        raise LedgerUnusable(f"entry {row['id']} of the ledger cannot be read: it was not written so") from error


def _read(row: dict[str, Any], balances: Iterable[tuple[Any, ...]], events: Iterable[tuple[Any, ...]]) -> Entry:
    known = {name: row[name] for name in ("id", "api", "job_hash", "attempts", "model", "path", "task_id", "reason")}
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
