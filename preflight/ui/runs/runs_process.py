"""The process that checks a manifest into a run folder for the page; ``cli/ui_run_worker.py`` starts it.

Messages are pickled tuples between our own processes. To this one: its ``Assignment``, then ``"pause"``: parts under
way are finished, and no further one is begun. From it: ``("progress", Headway)``, and at its end ``("complete",)``,
``("paused",)`` or ``("failed", text)``. The death of the other end ends this process at once; what is complete stays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.errors import PreflightError
from preflight.redact.advice import for_command
from preflight.runs.carry_out import Order, RowsOf, State, carry_out
from preflight.runs.engines.checker import Headway, Task
from preflight.runs.engines.local_engine import Watcher, with_manners, work_locally
from preflight.runs.on_disk.store import FolderStore
from preflight.runs.run_errors import RunPaused

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.runs.on_disk.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Which manifest to check into which folder. ``is_dropped``: it is to be kept there."""

    manifest: str
    is_dropped: bool
    folder: str
    options: Options
    rows_a_part: int | None
    columns: tuple[tuple[str, str], ...]


def main(descriptor: int) -> None:
    """Do the assignment that comes."""
    connection = Connection(descriptor)
    assignment: Assignment = connection.recv()
    reporter = _Reporter(connection)
    try:
        with ExitStack() as stack:
            stream = stack.enter_context(Path(assignment.manifest).open("rb")) if assignment.is_dropped else None
            order = Order(
                manifest=assignment.manifest,
                stream=stream,
                store=FolderStore(assignment.folder),
                options=assignment.options,
                rows_a_part=assignment.rows_a_part,
                columns=assignment.columns,
            )
            carry_out(order, reporter.work, reporter)
        end: tuple[str, ...] = ("complete",)
    except RunPaused:
        end = ("paused",)
    except (PreflightError, OSError) as error:
        end = ("failed", for_command(error))
    with suppress(OSError):
        connection.send(end)


class _Reporter:
    """Tells the page of progress, and hears from it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._headway = Headway()
        self._is_paused = False

    def work(self, task: Task, parts: Sequence[int], rows_of: RowsOf, watcher: Watcher) -> None:
        """The engine. Raises ``RunPaused`` where parts are left over."""
        manners = task.options.manners
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = max(1, min(processors, manners.per_host if manners else processors, len(parts)))
        work_locally(
            with_manners(task, workers),
            parts,
            rows_of,
            watcher,
            command=_worker_command,
            is_paused=self._paused,
        )

    def indexed(self, rows: int, part: float) -> None:  # noqa: ARG002 - of the interface
        if self._paused():
            raise RunPaused

    def counted(self, parts: int, there: int) -> None:  # noqa: ARG002 - of the interface
        if self._paused():
            raise RunPaused

    def began(self, state: State, before: Tally) -> None:
        pass

    def progressed(self, progress: Headway) -> None:
        self._headway.add(progress)

    def part_done(self) -> None:
        # Rows of a part that is there are read from its file.
        self._tell()

    def tick(self) -> None:
        self._tell()
        self._paused()

    def _tell(self) -> None:
        try:
            self._connection.send(("progress", self._headway))
        except OSError:
            os._exit(1)

    def _paused(self) -> bool:
        try:
            while self._connection.poll():
                self._is_paused = self._connection.recv() == "pause" or self._is_paused
        except (EOFError, OSError):
            os._exit(1)  # nobody is there any more; workers end with this process
        return self._is_paused


def _worker_command(descriptor: int) -> list[str]:
    return [sys.executable, "-m", "preflight.cli.check_worker", str(descriptor)]
