"""The ids of a manifest's rows that memory has no room for, in a temporary file of SQLite without a name."""

from __future__ import annotations

import sqlite3
from typing import Final

from preflight.errors import ConfigurationError

_CACHE_KIB: Final = 8192
_BEGIN: Final = (
    # Nobody reads this file after a crash, so nothing is written for one.
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = FILE",
    "CREATE TABLE ids (id BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID",
    "BEGIN",
)


class StoredIds:
    """The lines on which ids were first used; ``cache_kib`` of the file are held in memory.

    Raises ``ConfigurationError`` where the file finds no room.
    """

    def __init__(self, cache_kib: int = _CACHE_KIB) -> None:
        # Rows may be read in another thread than before, though never in two at once.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        try:
            for statement in (f"PRAGMA cache_size = -{cache_kib}", *_BEGIN):
                self._database.execute(statement)
        except sqlite3.Error as error:
            self._database.close()
            raise _no_room(error) from error

    def first_line(self, digest: bytes, line: int) -> int | None:
        """The line of the earlier row whose id has ``digest``; ``None`` for the first one, which is remembered."""
        try:
            found = self._database.execute("SELECT line FROM ids WHERE id = ?", (digest,)).fetchone()
            if found is not None:
                return int(found[0])
            self._database.execute("INSERT INTO ids VALUES (?, ?)", (digest, line))
        except sqlite3.Error as error:
            raise _no_room(error) from error
        return None

    def close(self) -> None:
        """Remove the file."""
        self._database.close()


def _no_room(error: sqlite3.Error) -> ConfigurationError:
    return ConfigurationError(
        f"the ids of the rows before are kept in a temporary file, and it cannot be written: {error}; free space, or "
        "name another folder in TMPDIR"
    )
