"""The file under the ledger: SQLite that survives a crash of the process, of the system and of the power."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from preflight.errors import LedgerUnusable
from preflight.ledger import schema
from preflight.ledger.file_names import require_one_name
from preflight.ledger.locks import alone

_BUSY_SECONDS = 30.0

# `synchronous=FULL` survives a loss of power in WAL mode (SQLite, "Write-Ahead Logging" §3).
_SETTINGS = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"


def connect(path: Path) -> sqlite3.Connection:
    """The ledger at ``path``, made if it is new, for use in any one thread at a time. Raises ``LedgerUnusable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LedgerUnusable(f"the folder of the ledger {path} cannot be made: {error.strerror}") from error
    require_one_name(path)
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


def schema_version(connection: sqlite3.Connection) -> int:
    """SQLite's count of changes to the tables themselves, by whichever process."""
    return int(connection.execute("PRAGMA schema_version").fetchone()[0])


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) < schema.VERSION:
        # Two processes that both find a new file, or an old one, would otherwise both change its tables.
        with alone(path):
            version = _version(connection, path)
            if version == 0:
                _keep_private(path)
                _require_wal(connection, path)
                with transaction(connection):
                    schema.make(connection)
            elif version < schema.VERSION:
                with transaction(connection):
                    schema.migrate(connection, version)
    connection.executescript(_SETTINGS)
    _require_wal(connection, path)
    schema.require_own(connection, path)
    schema.add_indexes(connection)


def _keep_private(path: Path) -> None:
    try:
        path.chmod(0o600)
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} cannot be made private: {error.strerror}") from error


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables, 0 for an empty file. Raises ``LedgerUnusable`` for another kind of file."""
    connection.execute("BEGIN")  # one look: another process may be making the tables
    try:
        is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    finally:
        connection.execute("ROLLBACK")
    if version == 0 and application == 0 and is_empty:
        return 0
    if application != schema.APPLICATION or version < 1:
        raise LedgerUnusable(f"{path} is not a ledger of preflight")
    if version > schema.VERSION:
        raise LedgerUnusable(f"the ledger {path} was written by a newer preflight (version {version} of its tables)")
    return version


def _require_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LedgerUnusable(f"the ledger {path} cannot keep a write-ahead log there: put it on a local disk")
