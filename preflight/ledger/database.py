"""The file under the ledger: SQLite that survives a crash of the process, of the system and of the power."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from preflight.errors import LedgerUnusable
from preflight.ledger.locks import alone

VERSION = 1
_APPLICATION = 0x7072666C
_BUSY_SECONDS = 30.0

# `synchronous=FULL` is what survives a loss of power in WAL mode (SQLite, "Write-Ahead Logging" §3).
_SETTINGS = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON;"

_TABLES = """
CREATE TABLE entry (
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
);
-- Of one job at most one request is under way or in doubt, whatever the code above it does.
CREATE UNIQUE INDEX entry_in_doubt ON entry (api, job_hash) WHERE state IN ('intended', 'sent', 'unknown');
CREATE UNIQUE INDEX entry_task ON entry (api, task_id) WHERE task_id IS NOT NULL;
CREATE INDEX entry_state ON entry (api, state, updated_at);
CREATE TABLE event (
    entry_id INTEGER NOT NULL REFERENCES entry,
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    what TEXT NOT NULL
);
CREATE INDEX event_entry ON event (entry_id);
CREATE TABLE balance (
    entry_id INTEGER NOT NULL REFERENCES entry,
    moment TEXT NOT NULL CHECK (moment IN ('before', 'after', 'end')),
    at TEXT NOT NULL,
    balance TEXT NOT NULL,
    consumed TEXT,
    PRIMARY KEY (entry_id, moment)
);
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    event TEXT NOT NULL,
    token_hash TEXT,
    received_at TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    result TEXT,
    forwarded_at TEXT,
    UNIQUE (task_id, event)
);
CREATE INDEX delivery_open ON delivery (id) WHERE result IS NULL;
"""

# For a ledger of many thousand entries. They change nothing that is kept: an older preflight writes them as well.
_INDEXES = """
CREATE INDEX IF NOT EXISTS entry_job ON entry (api, job_hash);
CREATE INDEX IF NOT EXISTS entry_sent ON entry (api, sent_at);
"""


def place_of(path: Path) -> Path:
    """Where the file is, whichever link leads there: what stands beside it has one name for every process."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise LedgerUnusable(f"the ledger {str(path)!r} cannot be used: {error}") from error


def file_at(path: Path) -> tuple[int, int]:
    """Which file stands at ``path`` now. Raises ``LedgerUnusable`` where there is none."""
    try:
        found = path.stat()
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} was removed while it was open: {error.strerror}") from error
    return found.st_dev, found.st_ino


def connect(path: Path) -> sqlite3.Connection:
    """The ledger at ``path``, made if it is new, for use in any one thread at a time. Raises ``LedgerUnusable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LedgerUnusable(f"the folder of the ledger {path} cannot be made: {error.strerror}") from error
    with translated(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ``LedgerUnusable``."""
    try:
        yield
    except sqlite3.Error as error:
        is_busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        what = f"another process has held it for {_BUSY_SECONDS:g} s; try again" if is_busy else str(error)
        raise LedgerUnusable(f"the ledger {path} cannot be used: {what}") from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One change: the only writer from its start, whole and on the disk at its end, or undone."""
    try:
        connection.execute("BEGIN IMMEDIATE")  # within: an interrupt while it waits comes when it has begun
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has undone it already
            connection.execute("ROLLBACK")
        raise


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection, path)
    if version == 0:
        # Two processes that both find a new file would otherwise both make its tables.
        with alone(path):
            if _version(connection, path) == 0:
                _keep_private(path)
                _require_wal(connection, path)
                connection.executescript(
                    f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION};"
                    f" PRAGMA user_version = {VERSION}; COMMIT;"
                )
    connection.executescript(_SETTINGS)
    _require_wal(connection, path)
    connection.executescript(_INDEXES)


def _keep_private(path: Path) -> None:
    try:
        path.chmod(0o600)
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} cannot be kept from others: {error.strerror}") from error


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables, 0 for an empty file. Raises ``LedgerUnusable`` for a file of something else."""
    connection.execute("BEGIN")  # one look: another process may be making the tables
    try:
        is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    finally:
        connection.execute("ROLLBACK")
    if version == 0 and application == 0 and is_empty:
        return 0
    if application != _APPLICATION:
        raise LedgerUnusable(f"{path} is no ledger of preflight")
    if version > VERSION:
        raise LedgerUnusable(f"the ledger {path} was written by a newer preflight (version {version} of its tables)")
    return version


def _require_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LedgerUnusable(f"the ledger {path} cannot keep a write-ahead log there: put it on a local disk")
