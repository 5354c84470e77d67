"""The processes that this one has started, as the kernel counts them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")

MEASUREMENT = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
"""What makes a child measure its coverage, which triples the time of its start: for what runs nowhere else."""

_INHERITED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def hand_down_default_signals() -> None:
    """Start children with default signals, also where this process was started with them ignored (nohup, ``&``, CI).

    An ignored signal is inherited; a handled one is reset to its default by the start of a program. So each one that is
    ignored gets a handler that does nothing: for this process it stays ignored.
    """
    for number in _INHERITED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@contextmanager
def within(seconds: int, what: str) -> Iterator[None]:
    """Fail a block that takes longer, for any reason. For the main thread, where no other alarm is set."""

    def fail(*_: object) -> None:
        raise TimeoutError(f"{what}: not over after {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds, 10)  # again: leaving a block may wait, too
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
