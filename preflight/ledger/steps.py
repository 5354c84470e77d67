"""Entries as they are written: a new one, and each of its steps with what happened."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from preflight.ledger.entry import Entry, State
from preflight.ledger.order import Order
from preflight.ledger.rows import select_entries, stamp
from preflight.redact import printable, shorten


def insert_order(connection: sqlite3.Connection, now: datetime, order: Order, api: str, token_hash: str | None) -> int:
    """A new entry for ``order``, intended; returns its number."""
    at = stamp(now)
    columns = {
        "api": api,
        "job_hash": order.job_hash,
        "state": State.INTENDED.value,
        "created_at": at,
        "updated_at": at,
        "model": order.model,
        "path": order.path,
        "job": json.dumps(order.job),
        "quote": json.dumps(order.quote),
        "high": f"{order.high:f}",
        "clocks": json.dumps(order.clocks),
        "receipts": json.dumps(order.receipts),
        "token_hash": token_hash,
    }
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO entry ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own words
    entry_id = connection.execute(sql, tuple(columns.values())).lastrowid
    assert entry_id is not None, "it was just inserted"
    _note(connection, now, entry_id, State.INTENDED, "written down")
    return entry_id


def insert_late(connection: sqlite3.Connection, now: datetime, settled: Entry, what: str, task_id: str) -> int:
    """A new entry, accepted, for the task of an entry that was ``settled`` as something else; returns its number."""
    at = stamp(now)
    kept = "api, job_hash, sent_at, attempts, model, path, job, quote, high, clocks, receipts"
    new_id = connection.execute(
        f"INSERT INTO entry ({kept}, state, created_at, updated_at, task_id)"  # noqa: S608 - our own words
        f" SELECT {kept}, ?, ?, ?, ? FROM entry WHERE id = ?",
        (State.ACCEPTED.value, at, at, task_id, settled.id),
    ).lastrowid
    assert new_id is not None, "it was just inserted"
    (new,) = select_entries(connection, "WHERE id = ?", new_id)
    what = f"{what}, when entry {settled.id} was {settled.state.value} already"
    put_state(connection, now, new, State.ACCEPTED, what)
    _note(connection, now, settled.id, settled.state, f"its task {task_id} is entry {new_id}")
    return new_id


def put_state(
    connection: sqlite3.Connection,
    now: datetime,
    entry: Entry,
    state: State,
    what: str,
    *,
    task_id: str | None = None,
    settles_at: datetime | None = None,
    refunded: bool | None = None,
) -> None:
    """Give ``entry`` that state; ``what`` says what happened. A task that another entry has is not taken over."""
    taken = "SELECT 1 FROM entry WHERE api = ? AND task_id = ? AND id != ?"
    if task_id and connection.execute(taken, (entry.api, task_id, entry.id)).fetchone():
        what, task_id = f"{what}, a task that another entry has", None
    connection.execute(
        "UPDATE entry SET state = ?, updated_at = ?, reason = ?, task_id = coalesce(?, task_id),"
        " settles_at = coalesce(?, settles_at), refunded = coalesce(?, refunded) WHERE id = ?",
        (
            state.value, stamp(now), _said(what), task_id, None if settles_at is None else stamp(settles_at),
            None if refunded is None else int(refunded), entry.id,
        ),
    )  # fmt: skip
    _note(connection, now, entry.id, state, what)


def _note(connection: sqlite3.Connection, now: datetime, entry_id: int, state: State, what: str) -> None:
    connection.execute("INSERT INTO event VALUES (?, ?, ?, ?)", (entry_id, stamp(now), state.value, _said(what)))


def _said(what: str) -> str:
    return shorten(printable(what))
