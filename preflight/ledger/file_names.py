"""One ledger, one name: SQLite's log and the locks lie beside the file, so a second name would be a second ledger."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from preflight.errors import LedgerUnusable

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_MOST_BYTES = 4 * 1024 * 1024


def place_of(path: Path) -> Path:
    """Where the file is, whichever link leads there: the files beside it have one name for every process."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise LedgerUnusable(f"the ledger {str(path)!r} cannot be used: {error}") from error


def file_at(path: Path) -> tuple[int, int]:
    """Which file is at ``path`` now. Raises ``LedgerUnusable`` where there is none, or one with several names."""
    try:
        found = path.stat()
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} was removed while it was open: {error.strerror}") from error
    if found.st_nlink > 1:
        raise LedgerUnusable(
            f"the ledger {path} has {found.st_nlink} names (hard links), and a lock under one is not seen under the"
            f" others: remove the others, which 'find -samefile' names"
        )
    return found.st_dev, found.st_ino


def require_one_name(path: Path, *, mounts: Path = _MOUNTS) -> None:
    """Raise ``LedgerUnusable`` for a place that cannot hold a file, a file with a hard link, or one mounted by itself.

    A file is mounted by itself where a container is given it alone.
    ``mounts`` is the system's list of mounts (proc(5), mountinfo).
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise LedgerUnusable(f"the ledger {path} cannot be used: {getattr(error, 'strerror', error)}") from error
    if not stat.S_ISREG(mode):
        raise LedgerUnusable(f"the ledger {path} cannot be used: it is not a file")
    file_at(path)
    if str(path) in _mount_points(mounts):
        raise LedgerUnusable(
            f"the ledger {path} is mounted as a single file, and a lock on it is not seen where it comes from: mount"
            " the folder that holds it"
        )


def _mount_points(mounts: Path) -> frozenset[str]:
    """Where something is mounted, the fifth field; nothing on systems without such a list."""
    try:
        with mounts.open("rb") as file:
            text = os.fsdecode(file.read(_MOST_BYTES))
    except OSError:
        return frozenset()
    fields = (line.split(" ") for line in text.splitlines())
    return frozenset(_OCTAL.sub(lambda code: chr(int(code[1], 8)), each[4]) for each in fields if len(each) > 4)
