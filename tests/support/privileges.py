"""Reading as somebody who may not read everything: root, which tests often run as, ignores permissions."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def unreadable_folder() -> Iterator[Path]:
    """A folder with a folder ``closed`` in it that the body, run without root's privileges, may not read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        closed = Path(folder, "closed")
        closed.mkdir(mode=0)
        with _as_nobody():
            yield Path(folder)


@contextmanager
def unreadable_file(suffix: str) -> Iterator[Path]:
    """A file that exists and that the body, run without root's privileges, may not read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"secret{suffix}")
        path.touch(mode=0)
        Path(folder).chmod(0o755)
        with _as_nobody():
            yield path


@contextmanager
def _as_nobody() -> Iterator[None]:
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)
