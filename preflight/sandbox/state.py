"""The sandbox's account, tasks, callbacks and request counts in SQLite, so that a killed sandbox can go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeAlias

from preflight.errors import ConfigurationError
from preflight.sandbox.billing import SMALLEST

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS account (origin REAL NOT NULL, purchased INTEGER NOT NULL, consumed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS task (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, model TEXT NOT NULL, mode TEXT NOT NULL, seconds TEXT NOT NULL,
    credits INTEGER NOT NULL, created_at REAL NOT NULL, starts_at REAL NOT NULL, ends_at REAL NOT NULL,
    outcome TEXT NOT NULL, refunded INTEGER NOT NULL DEFAULT 0, callback_url TEXT
);
CREATE INDEX IF NOT EXISTS unsettled ON task (ends_at) WHERE outcome = 'failed' AND NOT refunded;
CREATE TABLE IF NOT EXISTS delivery (
    task_id TEXT NOT NULL, attempt INTEGER NOT NULL, at REAL NOT NULL, result TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS request (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""

Outcome: TypeAlias = Literal["completed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Credits bought, and credits spent and not refunded."""

    purchased: Decimal
    consumed: Decimal

    @property
    def balance(self) -> Decimal:
        return self.purchased - self.consumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A task. Its outcome is fixed when it is made; the clock reveals it."""

    id: str
    model: str
    mode: str
    seconds: str
    credits: Decimal
    created_at: float
    starts_at: float
    ends_at: float
    outcome: Outcome
    refunded: bool = False
    callback_url: str | None = None

    def status(self, now: float) -> str:
        if now < self.starts_at:
            return "pending"
        return "processing" if now < self.ends_at else self.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to call back, at sandbox time ``at``; ``result`` is a status or an error."""

    task_id: str
    attempt: int
    at: float
    result: str


class Book:
    """Opens the state in ``path`` (``None``: in memory), with ``opening`` credits if it is new.

    Raises ``ConfigurationError`` when the file is something else.
    """

    def __init__(self, path: Path | None, *, opening: Decimal, now: float) -> None:
        try:
            # The server works in a thread of its own, and in that one only.
            self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        except sqlite3.Error as exc:
            raise ConfigurationError(f"the sandbox's state {path} cannot be opened: {exc}") from exc
        try:
            self._db.executescript(_SCHEMA)
            with self._change():
                if self._db.execute("SELECT 1 FROM account").fetchone() is None:
                    self._db.execute("INSERT INTO account VALUES (?, ?, 0)", (now, _parts(opening)))
            self.origin: float = self._db.execute("SELECT origin FROM account").fetchone()[0]
        except sqlite3.Error as exc:
            self._db.close()
            raise ConfigurationError(f"{path} is not the state of a sandbox: {exc}") from exc

    def close(self) -> None:
        self._db.close()

    def account(self) -> Account:
        purchased, consumed = self._db.execute("SELECT purchased, consumed FROM account").fetchone()
        return Account(purchased=_credits(purchased), consumed=_credits(consumed))

    def bill(self, entry: Entry) -> bool:
        """Charge for ``entry`` and keep it; ``False``, and nothing done, when the balance is too low."""
        with self._change():
            if self.account().balance < entry.credits:
                return False
            self._db.execute("UPDATE account SET consumed = consumed + ?", (_parts(entry.credits),))
            self._db.execute(
                "INSERT INTO task (id, model, mode, seconds, credits, created_at, starts_at, ends_at, outcome,"
                " callback_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.id, entry.model, entry.mode, entry.seconds, _parts(entry.credits), entry.created_at,
                    entry.starts_at, entry.ends_at, entry.outcome, entry.callback_url,
                ),
            )  # fmt: skip
        return True

    def settle(self, now: float) -> None:
        """Give back the credits of the tasks that have failed by ``now``."""
        due = "outcome = 'failed' AND NOT refunded AND ends_at <= ?"
        with self._change():
            (owed,) = self._db.execute(f"SELECT sum(credits) FROM task WHERE {due}", (now,)).fetchone()  # noqa: S608 - our own words
            if owed:
                self._db.execute("UPDATE account SET consumed = consumed - ?", (owed,))
                self._db.execute(f"UPDATE task SET refunded = 1 WHERE {due}", (now,))  # noqa: S608 - our own words

    def task(self, task_id: str) -> Entry | None:
        return next(self._entries("WHERE id = ?", task_id), None)

    def tasks(self) -> tuple[Entry, ...]:
        """Every task, the first one first."""
        return tuple(self._entries("ORDER BY number"))

    def record(self, delivery: Delivery) -> None:
        self._db.execute(
            "INSERT INTO delivery VALUES (?, ?, ?, ?)",
            (delivery.task_id, delivery.attempt, delivery.at, delivery.result),
        )

    def deliveries(self) -> tuple[Delivery, ...]:
        """Every attempt to call back, in the order in which they were made."""
        rows = self._db.execute("SELECT task_id, attempt, at, result FROM delivery ORDER BY rowid")
        return tuple(Delivery(task_id=row[0], attempt=row[1], at=row[2], result=row[3]) for row in rows)

    def count(self, request: str) -> None:
        self._db.execute(
            "INSERT INTO request VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1", (request,)
        )

    def requests(self) -> dict[str, int]:
        """How often each operation was asked for, whatever the outcome."""
        return dict(self._db.execute("SELECT name, count FROM request ORDER BY name"))

    def _entries(self, rest: str, *values: str) -> Iterator[Entry]:
        columns = "id, model, mode, seconds, credits, created_at, starts_at, ends_at, outcome, refunded, callback_url"
        for row in self._db.execute(f"SELECT {columns} FROM task {rest}", values):  # noqa: S608 - our own words
            fields = dict(zip(columns.split(", "), row, strict=True))
            yield Entry(**{**fields, "credits": _credits(fields["credits"]), "refunded": bool(fields["refunded"])})

    @contextmanager
    def _change(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            yield


def _parts(credits: Decimal) -> int:  # noqa: A002 - the API's own word
    return int(credits / SMALLEST)


def _credits(parts: int) -> Decimal:
    return (parts * SMALLEST).normalize()
