"""Telling whether the process behind an entry still runs: it holds a lock on a file that the system drops with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from preflight.errors import LedgerUnusable

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, *, wait: bool) -> None:
        msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int, *, wait: bool) -> None:
        # Of the open file, not of the process: two ledgers in one process keep apart, too.
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


class ProcessLock:
    """Held by the process that is sending one entry of the ledger at ``path``, until ``close`` or its death."""

    def __init__(self, path: Path, entry_id: int) -> None:
        self._path = _lock_file(path, entry_id)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _lock(self._file, wait=False)
            except OSError:
                os.close(self._file)
                raise
        except OSError as error:
            raise LedgerUnusable(f"cannot write beside the ledger {path}: {error.strerror}") from error

    def close(self) -> None:
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            os.close(self._file)


def is_held(path: Path, entry_id: int) -> bool:
    """Whether a process holds the lock of this entry. The file of one that died is removed."""
    lock_file = _lock_file(path, entry_id)
    try:
        file = os.open(lock_file, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # it cannot be told: better to wait for a process that is gone than to pay beside one that is not
    try:
        _lock(file, wait=False)
    except OSError:
        return True
    else:
        with suppress(OSError):
            lock_file.unlink()
        return False
    finally:
        os.close(file)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold every other process off while the ledger at ``path`` is made or changes its shape."""
    try:
        file = os.open(_lock_file(path, 0), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LedgerUnusable(f"cannot write beside the ledger {path}: {error.strerror}") from error
    try:
        _lock(file, wait=True)
        yield
    finally:
        os.close(file)


def _lock_file(path: Path, entry_id: int) -> Path:
    return path.with_name(f"{path.name}-live-{entry_id}" if entry_id else f"{path.name}-lock")
