"""The tables of a ledger: how they are made, brought up to date, and told from foreign ones in the file."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from preflight.errors import LedgerUnusable

VERSION = 4
APPLICATION = 0x7072666C

SETTLING = timedelta(seconds=180)
"""How long after it left a paid request may still be charged for: the service reads the reference video first."""

_ENTRY = """CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    api TEXT NOT NULL,
    job_hash TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('intended', 'sent', 'accepted', 'completed', 'failed', 'refused', 'unknown')),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    sent_at TEXT,
    settles_at TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL,
    path TEXT,
    job TEXT NOT NULL,
    quote TEXT NOT NULL,
    high TEXT NOT NULL,
    clocks TEXT NOT NULL,
    receipts TEXT NOT NULL,
    token_hash TEXT UNIQUE,
    task_id TEXT,
    charged TEXT,
    refunded INTEGER,
    reason TEXT
)"""
# Of one job at most one request is under way or in doubt, even if the code above it is wrong.
_IN_DOUBT = "CREATE UNIQUE INDEX entry_in_doubt ON entry (api, job_hash) WHERE state IN ('intended', 'sent', 'unknown')"
_TASK = "CREATE UNIQUE INDEX entry_task ON entry (api, task_id) WHERE task_id IS NOT NULL"
_KEPT = (
    _ENTRY,
    _IN_DOUBT,
    _TASK,
    "CREATE INDEX entry_state ON entry (api, state, updated_at)",
    """CREATE TABLE event (
    entry_id INTEGER NOT NULL REFERENCES entry,
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    what TEXT NOT NULL
)""",
    "CREATE INDEX event_entry ON event (entry_id)",
    """CREATE TABLE balance (
    entry_id INTEGER NOT NULL REFERENCES entry,
    moment TEXT NOT NULL CHECK (moment IN ('before', 'after', 'end')),
    at TEXT NOT NULL,
    balance TEXT NOT NULL,
    consumed TEXT,
    PRIMARY KEY (entry_id, moment)
)""",
)
# Since version 2: which key paid, as an HMAC with `salt`; a delivery by task, event and the secret that it came with.
_ADDED = (
    "ALTER TABLE entry ADD COLUMN account TEXT",
    "CREATE TABLE salt (value BLOB NOT NULL)",
    """CREATE TABLE {delivery} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    event TEXT NOT NULL,
    token_hash TEXT NOT NULL DEFAULT '',
    received_at TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    result TEXT,
    forwarded_at TEXT,
    UNIQUE (task_id, event, token_hash)
)""",
)
_DELIVERY_OPEN = "CREATE INDEX delivery_open ON delivery (id) WHERE result IS NULL"

# For a ledger of many thousand entries.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS entry_job ON entry (api, job_hash)",
    "CREATE INDEX IF NOT EXISTS entry_sent ON entry (api, sent_at)",
    "CREATE INDEX IF NOT EXISTS entry_content ON entry (api, content_hash)",
    "CREATE INDEX IF NOT EXISTS entry_run ON entry (run)",
)

# Since version 3: the hash of a job by the bytes of its uploaded files. The same files may get another URL each time.
_CONTENT = "ALTER TABLE entry ADD COLUMN content_hash TEXT"
_BYTES_IN_DOUBT = (
    "CREATE UNIQUE INDEX entry_bytes_in_doubt ON entry (api, content_hash)"
    " WHERE content_hash IS NOT NULL AND state IN ('intended', 'sent', 'unknown')"
)

# Since version 4: the run on disk that a job was sent from; its budget holds for all of its entries.
_RUN = "ALTER TABLE entry ADD COLUMN run TEXT"

_TABLES = frozenset({"entry", "event", "balance", "delivery", "salt"})
_GUARDS = {"entry_in_doubt": _IN_DOUBT, "entry_bytes_in_doubt": _BYTES_IN_DOUBT, "entry_task": _TASK}


def make(connection: sqlite3.Connection) -> None:
    """The tables of a new ledger, in the transaction that is open."""
    for statement in _KEPT:
        connection.execute(statement)
    for statement in _ADDED:
        connection.execute(statement.format(delivery="delivery"))
    _finish_second(connection)
    _add_content_hash(connection)
    _add_run(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """From an earlier ``version`` to this one, in the transaction that is open."""
    if version < 2:
        _migrate_first(connection)
    if version < 3:
        _add_content_hash(connection)
    _add_run(connection)


def _migrate_first(connection: sqlite3.Connection) -> None:
    for statement in _ADDED:
        connection.execute(statement.format(delivery="delivery_2"))
    connection.execute(
        "INSERT INTO delivery_2 SELECT id, task_id, event, coalesce(token_hash, ''), received_at, times, result,"
        " forwarded_at FROM delivery"
    )
    connection.execute("DROP TABLE delivery")
    connection.execute("ALTER TABLE delivery_2 RENAME TO delivery")
    # Version 1 took an answer for the end of the service's work: a request in doubt settled at once.
    for entry_id, since in connection.execute("SELECT id, updated_at FROM entry WHERE state = 'unknown'").fetchall():
        try:
            settles_at = (datetime.fromisoformat(since) + SETTLING).isoformat(timespec="microseconds")
        except (TypeError, ValueError, OverflowError) as error:
            raise LedgerUnusable(f"entry {entry_id} of the ledger cannot be read: its time is not valid") from error
        connection.execute("UPDATE entry SET settles_at = ? WHERE id = ?", (settles_at, entry_id))
    _finish_second(connection)


def _finish_second(connection: sqlite3.Connection) -> None:
    connection.execute(_DELIVERY_OPEN)
    connection.execute("INSERT INTO salt VALUES (?)", (secrets.token_bytes(32),))


def _add_content_hash(connection: sqlite3.Connection) -> None:
    connection.execute(_CONTENT)
    connection.execute(_BYTES_IN_DOUBT)


def _add_run(connection: sqlite3.Connection) -> None:
    connection.execute(_RUN)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def add_indexes(connection: sqlite3.Connection) -> None:
    """Make the indexes that make queries fast, where they are missing."""
    for statement in _INDEXES:
        connection.execute(statement)


def require_own(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``LedgerUnusable`` where the file holds something that could change or hide new rows.

    A trigger undoes a change, a view replaces a table, and without its unique indexes nothing keeps a job from
    being paid for twice.
    """
    found = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    foreign = next((f"a {kind} {name!r}" for kind, name, _ in found if kind in {"trigger", "view"}), None)
    if foreign is not None:
        raise LedgerUnusable(f"the ledger {path} holds {foreign} that preflight did not make: restore it from a backup")
    tables = {name for kind, name, _ in found if kind == "table"}
    indexes = {name: " ".join(str(sql).split()) for kind, name, sql in found if kind == "index"}
    if not tables >= _TABLES or any(indexes.get(name) != sql for name, sql in _GUARDS.items()):
        raise LedgerUnusable(
            f"the ledger {path} lacks a table or an index that it was made with: restore it from a backup"
        )


def salt_of(connection: sqlite3.Connection, path: Path) -> bytes:
    """The ledger's own random bytes, with which keys are hashed. Raises ``LedgerUnusable`` where they are gone."""
    row = connection.execute("SELECT value FROM salt").fetchone()
    if row is None or not isinstance(row[0], bytes):
        raise LedgerUnusable(f"the ledger {path} lacks its salt: restore it from a backup")
    return row[0]
