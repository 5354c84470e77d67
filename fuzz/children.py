"""The processes that this one has started."""

from __future__ import annotations

import os
from pathlib import Path


def children() -> set[int]:
    """The processes whose parent is this one, the dead that nobody waited for among them; none without ``/proc``."""
    return {int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == os.getpid()}


def _parent(stat: Path) -> int | None:
    try:
        # pid (name) state parent …, where the name may hold anything
        return int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None  # it has ended meanwhile
