"""One run folder as the page shows it: how far it is, its figures, and its rows, read as its parts appear."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from preflight.errors import ConfigurationError
from preflight.runs.on_disk.part_counts import counts_of
from preflight.runs.on_disk.part_files import part_name, read_part
from preflight.runs.on_disk.run_file import RunFile
from preflight.runs.on_disk.store import LOCK, FolderStore
from preflight.runs.on_disk.summary import add_up
from preflight.runs.on_disk.tally import Tally
from preflight.runs.payments.payable import require_run
from preflight.runs.payments.settled import NAME as SUBMISSIONS
from preflight.runs.reports.row_table import RowFile
from preflight.ui.runs.runs_sent import Sent, SentLines, sent_jobs

if TYPE_CHECKING:
    from preflight.client import Task
    from preflight.ledger import Ledger

_READING_S: Final = 1.0
"""How long one look at a run may read new parts: the page is asked for again soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a run is. ``known`` rows are read; ``done`` rows are in parts; ``working`` is whether somebody works."""

    rows: int
    done: int
    known: int
    passed: int
    failed: int
    indeterminate: int
    credits: Decimal
    high: Decimal
    unpriced: int
    bytes: int
    requests: int
    working: bool
    is_paid: bool

    @property
    def is_complete(self) -> bool:
        return self.done == self.rows

    @property
    def is_read(self) -> bool:
        """Whether the table has every row that is done."""
        return self.known == self.done


class Book:
    """A run, and its rows in ``folder``. For any number of threads."""

    def __init__(self, path: Path, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.store = FolderStore(str(path))
        self.run: RunFile = require_run(self.store)
        self.rows = RowFile(folder / f"{os.urandom(8).hex()}.db")
        self._clock = clock
        self._lock = Lock()
        self._stamps: dict[int, tuple[int, int]] = {}
        self._tallies: dict[int, Tally] = {}
        self._total = Tally()
        self.trouble = ""
        self._sent_lines = SentLines()

    def close(self) -> None:
        """Let go of the rows."""
        self.rows.close()

    def look(self) -> Standing:
        """How far the run is, after reading new parts for about a second at most. Raises ``RunUnusable``."""
        with self._lock:
            is_working = _is_locked(self.path)  # before its parts are counted: the last may come meanwhile
            names = self.store.names()
            if require_run(self.store).id != self.run.id:
                raise ConfigurationError(f"{self.store.shown} holds another run now: open it again")
            there = [number for number in range(self.run.parts) if part_name(number, self.run.results) in names]
            self._read_new(there)
            done = sum(self._rows_of(number) for number in there)
            total = self._total
            return Standing(
                rows=self.run.rows,
                done=done,
                known=total.rows,
                passed=total.verdicts["pass"],
                failed=total.verdicts["fail"],
                indeterminate=total.verdicts["indeterminate"],
                credits=total.credits,
                high=total.high,
                unpriced=total.rows - total.priced,
                bytes=total.bytes,
                requests=total.requests,
                working=is_working,
                is_paid=SUBMISSIONS in names,
            )

    def sent(self, ledger: Ledger, tasks: Mapping[str, Task], *, state: str = "", page: int = 1) -> Sent:
        """A page of the jobs of the run that were submitted. Raises ``RunUnusable``, ``LedgerUnusable``."""
        with self._lock:
            self._sent_lines.read(self.store)
        return sent_jobs(ledger, self.run.id, self._sent_lines, self.rows, tasks, state=state, page=page)

    def _read_new(self, there: list[int]) -> None:
        until, is_replaced = self._clock() + _READING_S, False
        for number in there:
            stamp = _stamp(self.path / part_name(number, self.run.results))
            if self._stamps.get(number) == stamp:
                continue
            if self._clock() > until:
                break
            tally = counts_of(self.store, self.run, number)
            self.rows.put_part(number, read_part(self.store, number, self.run.results, self.run.rows_of(number)))
            self._stamps[number] = stamp
            if number in self._tallies:
                is_replaced = True
            else:
                self._total.merge(tally)
                # A sum of its own: ``merge`` adds counts, and the names that it adds up are few.
            self._tallies[number] = tally
        if is_replaced:
            self._total = add_up(self._tallies.values())

    def _rows_of(self, number: int) -> int:
        return min(self.run.rows_a_part, self.run.rows - number * self.run.rows_a_part)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _is_locked(folder: Path) -> bool:
    """Whether a process works on the run: the holder named in the lock lives, and holds it.

    A new lock names nobody for a moment. The look holds the lock for a moment itself: ``FolderStore.lock`` waits.
    """
    import fcntl  # not on every system

    with suppress(OSError, ValueError, IndexError, OverflowError), (folder / LOCK).open("rb") as file:
        pid = int(file.read(40).decode("ascii").split()[0])
        os.kill(pid, 0)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
