"""The processes that this one has started, as the kernel counts them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")


def children() -> set[int]:
    """The processes whose parent is this one, the dead that nobody waited for among them."""
    return {int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == os.getpid()}


def open_files() -> int:
    """How many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def _parent(stat: Path) -> int | None:
    try:
        # pid (name) state parent …, where the name may hold anything
        return int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None  # it has ended meanwhile


def unmeasured() -> dict[str, str]:
    """The environment without a measurement of coverage: in a process that may open nothing, that would complain."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
