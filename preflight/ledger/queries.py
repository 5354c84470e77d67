"""Rows of the database as entries, and moments of time as text that sorts."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from preflight.errors import LedgerUnusable
from preflight.ledger.entry import Balance, Entry, EntryState, Event, cost_of
from preflight.ledger.request import PaidRequest
from preflight.ledger.schema import SETTLING
from preflight.redact import redact

_COLUMNS = (
    "id, api, job_hash, state, created_at, updated_at, sent_at, settles_at, attempts, model, path, job, quote, high,"
    " clocks, receipts, task_id, charged, account, content_hash, refunded, reason, run"
)
_AT_ONCE = 500
_FIRST_YEAR, _LAST_YEAR = 2000, 9000
_UNREADABLE = (ValueError, TypeError, ArithmeticError, RecursionError)
# Matched before it is read: NaN is not an amount, and 1e-999999999 is a short word and a gigabyte of digits.
_AMOUNT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,60})?", re.ASCII)


def stamp(moment: datetime) -> str:
    """UTC to the microsecond, always of the same width."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: str | None) -> datetime | None:
    """The time that ``stamp`` wrote. Raises ``ValueError`` or ``TypeError`` for another text."""
    return None if text is None else _moment(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    # Nobody paid at the ends of the calendar, where a time cannot be reckoned with.
    if moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError("not a time of a payment")
    return moment


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


@contextmanager
def malformed(entry_id: object) -> Iterator[None]:
    """Errors of values that no preflight wrote, as ``LedgerUnusable``."""
    try:
        yield
    except _UNREADABLE as error:
        raise LedgerUnusable(f"entry {entry_id} of the ledger cannot be read: it is malformed") from error


def same_job(request: PaidRequest) -> tuple[str, list[str | None]]:
    """The condition for entries of the same job as ``request``, by its URLs or by its bytes, and its values."""
    marks = ", ".join("?" * len(request.hashes))
    return f"(job_hash IN ({marks}) OR content_hash = ?)", [*request.hashes, request.content_hash]


def cost_of_all(connection: sqlite3.Connection, rest: str, *values: object) -> Decimal:
    """The amount in a budget of the entries that ``rest`` selects, in credits; see ``Entry.cost``."""
    rows = connection.execute(f"SELECT id, state, high, charged, refunded FROM entry {rest}", values)  # noqa: S608 - our own words
    total = Decimal(0)
    for entry_id, state, high, charged, refunded in rows:
        with malformed(entry_id):
            total += cost_of(
                EntryState(state), high=amount_of(high), charged=_optional_amount(charged), refunded=bool(refunded)
            )
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
    with malformed(row["id"]):
        return _read(row, balances, events)


def _read(row: dict[str, Any], balances: Iterable[tuple[Any, ...]], events: Iterable[tuple[Any, ...]]) -> Entry:
    attempts = row["attempts"]
    if not isinstance(attempts, int) or row["refunded"] not in {None, 0, 1}:
        raise TypeError("not a number")
    return Entry(
        id=row["id"],
        api=_text(row["api"]),
        job_hash=_text(row["job_hash"]),
        model=_text(row["model"]),
        path=_optional_text(row["path"]),
        task_id=_optional_text(row["task_id"]),
        account=_optional_text(row["account"]),
        content_hash=_optional_text(row["content_hash"]),
        reason=_optional_text(row["reason"]),
        run=_optional_text(row["run"]),
        attempts=attempts,
        state=EntryState(row["state"]),
        created_at=_moment(row["created_at"]),
        updated_at=_moment(row["updated_at"]),
        sent_at=moment_of(row["sent_at"]),
        settles_at=moment_of(row["settles_at"]),
        job=_object(row["job"]),
        quote=_object(row["quote"]),
        clocks={name: _text(value) for name, value in _object(row["clocks"]).items()},
        receipts=_objects(row["receipts"]),
        high=amount_of(row["high"]),
        charged=_optional_amount(row["charged"]),
        refunded=None if row["refunded"] is None else bool(row["refunded"]),
        balances={
            moment: Balance(at=_moment(at), balance=amount_of(balance), consumed=_optional_amount(consumed))
            for moment, at, balance, consumed in balances
        },
        events=tuple(Event(at=_moment(at), state=EntryState(state), what=_text(what)) for at, state, what in events),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def amount_of(text: object) -> Decimal:
    """The credits that the ledger keeps as ``text``. Raises ``ValueError`` or ``TypeError`` for another text."""
    if not _AMOUNT.fullmatch(_text(text)):
        raise ValueError("not an amount")
    return Decimal(_text(text))


def _optional_amount(text: object) -> Decimal | None:
    return None if text is None else amount_of(text)


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _objects(text: str) -> tuple[dict[str, Any], ...]:
    values = json.loads(text, parse_constant=_refuse)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise TypeError("not a list of objects")
    return tuple(values)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def insert_request(
    connection: sqlite3.Connection,
    now: datetime,
    request: PaidRequest,
    *,
    api: str,
    account: str | None,
    token_hash: str | None,
    run: str | None = None,
) -> int:
    """A new entry for ``request``, intended; returns its number."""
    at = stamp(now)
    columns = {
        "api": api,
        "job_hash": request.job_hash,
        "state": EntryState.INTENDED.value,
        "created_at": at,
        "updated_at": at,
        "model": request.model,
        "path": request.path,
        "job": json.dumps(request.job),
        "quote": json.dumps(request.quote),
        "high": f"{request.high:f}",
        "clocks": json.dumps(request.clocks),
        "receipts": json.dumps(request.receipts),
        "account": account,
        "content_hash": request.content_hash,
        "token_hash": token_hash,
        "run": run,
    }
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO entry ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own words
    entry_id = connection.execute(sql, tuple(columns.values())).lastrowid
    assert entry_id is not None, "it was just inserted"
    _note(connection, now, entry_id, EntryState.INTENDED, "written down")
    return entry_id


def insert_late(connection: sqlite3.Connection, now: datetime, settled: Entry, what: str, task_id: str) -> int:
    """A new entry, accepted, for the task of an entry that was ``settled`` as something else; returns its number."""
    at = stamp(now)
    kept = (
        "api, job_hash, sent_at, attempts, model, path, job, quote, high, clocks, receipts, account, content_hash, run"
    )
    new_id = connection.execute(
        f"INSERT INTO entry ({kept}, state, created_at, updated_at, task_id)"  # noqa: S608 - our own words
        f" SELECT {kept}, ?, ?, ?, ? FROM entry WHERE id = ?",
        (EntryState.ACCEPTED.value, at, at, task_id, settled.id),
    ).lastrowid
    assert new_id is not None, "it was just inserted"
    (new,) = select_entries(connection, "WHERE id = ?", new_id)
    what = f"{what}, when entry {settled.id} was {settled.state.value} already"
    put_state(connection, now, new, EntryState.ACCEPTED, what)
    _note(connection, now, settled.id, settled.state, f"its task {task_id} is entry {new_id}")
    return new_id


def put_state(
    connection: sqlite3.Connection,
    now: datetime,
    entry: Entry,
    state: EntryState,
    what: str,
    *,
    task_id: str | None = None,
    settles_at: datetime | None = None,
    refunded: bool | None = None,
) -> None:
    """Give ``entry`` that state; ``what`` describes the event. A task that another entry has is not taken over.

    It settles no earlier than the settling time after its last event, by whichever clock: this one may have been set
    back since.
    """
    if settles_at is not None:
        settles_at = max(settles_at, entry.updated_at + SETTLING)
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


def _note(connection: sqlite3.Connection, now: datetime, entry_id: int, state: EntryState, what: str) -> None:
    connection.execute("INSERT INTO event VALUES (?, ?, ?, ?)", (entry_id, stamp(now), state.value, _said(what)))


def _said(what: str) -> str:
    return redact(what)
