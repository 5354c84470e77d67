"""The engine ``local``: processes on this machine. One that dies is replaced, and its parts are done again."""

from __future__ import annotations

import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from preflight.runs.engines.child_process import start_child
from preflight.runs.engines.deaths import Deaths
from preflight.runs.engines.out_of_memory import OUT_OF_MEMORY
from preflight.runs.engines.shared_readings import Answer, SharedReadings
from preflight.runs.limits import PARTS_AT_ONCE
from preflight.runs.on_disk.tally import Tally
from preflight.runs.run_errors import ManifestChanged, RunPaused, RunUnusable

if TYPE_CHECKING:
    from preflight.runs.engines.checker import Headway, Task
    from preflight.runs.manifests.manifest import Slice
    from preflight.runs.manifests.rows import PartRows

_TICK_S = 0.5
_GOODBYE_S = 10.0
_ERRORS: dict[str, type[RunUnusable]] = {"ManifestChanged": ManifestChanged}


class WorkerBug(RuntimeError):
    """A bug of preflight that showed in a worker; the text is its traceback."""


class Watcher:
    """Hears of a run: a part that is done, progress, and time going by. Every method may be left as it is."""

    def done(self, number: int, tally: Tally) -> None: ...

    def progressed(self, progress: Headway) -> None: ...

    def tick(self) -> None: ...


def work_locally(
    tasks: Sequence[Task],
    parts: Sequence[int],
    rows_of: Callable[[int], PartRows],
    watcher: Watcher,
    *,
    command: Callable[[int], Sequence[str]],
    is_paused: Callable[[], bool] = lambda: False,
) -> None:
    """Have ``parts`` done by as many processes as there are ``tasks``, one task each.

    ``command`` starts a worker (``work_process.serve``) that inherits that descriptor. Raises ``RunUnusable``
    where a part cannot be done; no worker is left over, whatever happens. Once ``is_paused``, no further part is begun,
    and ``RunPaused`` is raised when those under way are done, if any are left.
    """
    ordered = spread(parts, PARTS_AT_ONCE * len(tasks))
    crew = _Crew(tasks, deque(ordered), rows_of, watcher, command, is_paused=is_paused)
    try:
        crew.work()
        crew.require_all_done()
    finally:
        crew.close()


def spread(parts: Sequence[int], streams: int) -> list[int]:
    """``parts`` in an order in which as many as ``streams`` neighbours are far apart in the manifest.

    A manifest often has the files of one host together: so several hosts are read at any time.
    """
    stride = -(-len(parts) // streams)
    return [parts[at] for first in range(stride) for at in range(first, len(parts), stride)]


class _Crew:
    def __init__(
        self,
        tasks: Sequence[Task],
        parts: deque[int],
        rows_of: Callable[[int], PartRows],
        watcher: Watcher,
        command: Callable[[int], Sequence[str]],
        *,
        is_paused: Callable[[], bool],
    ) -> None:
        self._parts = parts
        self._suspects: deque[int] = deque()
        self._is_paused = is_paused
        self._rows_of = rows_of
        self._deaths = Deaths(len(tasks))
        self._watcher = watcher
        self._command = command
        self._tasks = tasks
        self._workers: list[_Worker] = []
        self._readings = SharedReadings()

    def work(self) -> None:
        for task in self._tasks:
            first = self._next()
            if first is None:
                break
            self._start(task, first)
        for worker in self._workers:
            self._fill(worker)
        ticked = time.monotonic()
        while self._workers:
            for ready in wait([worker.connection for worker in self._workers], timeout=_TICK_S):
                self._hear(next(worker for worker in self._workers if worker.connection is ready))
            if time.monotonic() - ticked >= _TICK_S:
                ticked = time.monotonic()
                self._watcher.tick()

    def require_all_done(self) -> None:
        """Raise ``RunPaused`` where parts are left over."""
        left = len(self._parts) + len(self._suspects)
        if left:
            raise RunPaused(f"paused: {left} parts are left; the same command goes on")
        self._deaths.require_none_set_aside()

    def close(self) -> None:
        for worker in self._workers:
            worker.end(at_once=True)
        self._readings.close()

    def _start(self, task: Task, first: PartRows, *, alone: bool = False) -> None:
        worker = _Worker(task, self._command)
        self._workers.append(worker)
        worker.give(first, alone=alone)

    def _next(self) -> PartRows | None:
        return self._rows_of(self._parts.popleft()) if self._parts and not self._is_paused() else None

    def _next_suspect(self) -> PartRows | None:
        """A part that some worker died of. It is done alone, so that no other one is suspected with it."""
        return self._rows_of(self._suspects.popleft()) if self._suspects and not self._is_paused() else None

    def _fill(self, worker: _Worker) -> None:
        """Give a worker what it has room for; of the last parts only one, so that the others have some, too."""
        if not worker.parts and (suspect := self._next_suspect()) is not None:
            worker.give(suspect, alone=True)
        while not worker.is_alone and len(worker.parts) < (
            PARTS_AT_ONCE if len(self._parts) > len(self._workers) else 1
        ):
            part = self._next()
            if part is None:
                return
            worker.give(part)

    def _hear(self, worker: _Worker) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return
        match message:
            case ("progress", progress):
                self._watcher.progressed(progress)
            case ("asked", key):
                self._readings.asked(key, worker)
            case ("told", key, result):
                self._readings.told(key, worker, result)
            case ("done", number, tally):
                worker.has_done(number)
                self._deaths.part_is_done()
                self._watcher.done(number, Tally.from_object(tally))
                self._fill(worker)
                if not worker.parts:
                    self._workers.remove(worker)
                    worker.end(at_once=False)
            case ("bug", text):
                raise WorkerBug(text)
            case (_, _, name, text):
                raise _ERRORS.get(name, RunUnusable)(text)

    def _replace(self, worker: _Worker) -> None:
        """Another process in place of one that died, for the parts that it had in the making."""
        self._workers.remove(worker)
        code = worker.end(at_once=True)
        self._readings.gone(worker)
        self._deaths.worker_died(_cause(code))
        self._suspects.extend(part.number for part in worker.parts.values() if self._deaths.do_again(part))
        suspect = self._next_suspect()
        first = suspect or self._next()
        if first is not None:
            self._start(worker.task, first, alone=suspect is not None)
            self._fill(self._workers[-1])


class _Worker:
    """One process, and the parts that it has in the making."""

    def __init__(self, task: Task, command: Callable[[int], Sequence[str]]) -> None:
        self.task = task
        self.parts: dict[int, Slice] = {}
        self.is_alone = False
        try:
            self._process, self.connection = start_child(command)
        except OSError as error:
            raise RunUnusable(f"no worker can be started: {error.strerror}") from error
        self._send(task)

    def give(self, part: PartRows, *, alone: bool = False) -> None:
        """Have a part done; ``alone``: with no other one beside it."""
        self.parts[part.part.number] = part.part
        self.is_alone = alone
        self._send(part)

    def has_done(self, number: int) -> None:
        """Note that a part is done."""
        self.parts.pop(number, None)
        self.is_alone = False

    def answer(self, message: Answer) -> None:
        """Answer a question about a reading."""
        self._send(message)

    def end(self, *, at_once: bool) -> int:
        """End the process; returns its exit code."""
        if at_once:
            self._process.kill()
        else:
            self._send(None)
        try:
            code = self._process.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self.connection.close()
        return code

    def _send(self, message: Any) -> None:
        with suppress(OSError):  # it died: that is heard of when its end of the connection closes
            self.connection.send(message)


def _cause(code: int) -> str:
    if code == OUT_OF_MEMORY:
        return "because no memory was left"
    if code == -9:
        return "killed (signal 9), as systems do when memory runs out"
    return f"by signal {-code}" if code < 0 else f"with code {code}"


def with_manners(task: Task, workers: int) -> list[Task]:
    """``task`` for each of ``workers`` processes, the limits on hosts shared out among them."""
    manners = task.options.manners
    if manners is None:
        return [task] * workers
    return [replace(task, options=replace(task.options, manners=each)) for each in manners.shared_by(workers)]
