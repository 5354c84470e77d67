"""A pool of isolated processes, so that no file can harm the process that asks about it.

libmediainfo spins for minutes and takes gigabytes on crafted files (docs/security.md). A worker has limits of its own
on memory and processor time (``mediainfo.py``); here is the clock, which holds on every platform, and the restart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Condition
from typing import IO, Any, Self

from preflight.model import SparseBytes
from preflight.workers.clock import WorkerClock

WALL_SECONDS = 6.0
ANSWER_BYTES = 256 * 1024
REQUESTS_PER_WORKER = 500
"""A worker is replaced after this many files, against slow leaks in the library."""

_START_SECONDS = 10.0
"""How long ``close`` waits for a process that is just being started: that takes milliseconds."""

_FOLDER = Path(__file__).parent
COMMAND = (sys.executable or "", "-P", str(_FOLDER / "mediainfo.py"))
"""``-P`` keeps the current folder, which may be a stranger's, out of the places that modules are loaded from."""
DECODE = (*COMMAND, "decode")
"""Starts a worker that decodes pictures; by default one asks MediaInfo."""
PICTURES, CLIPS, SHEETS = ((*COMMAND, task) for task in ("picture", "clip", "sheet"))
"""Start workers that make thumbnails of pictures and clips, and sheets of them."""
SHEET_BYTES = 64 * 1024 * 1024
"""Longest answer with a sheet."""
THUMBNAIL_SECONDS = 18.0
"""Wall-clock seconds for the thumbnails of one file: a little more than its limit of processor time."""


class WorkerPool:
    """Asks MediaInfo about bytes already fetched, or has them decoded (``DECODE``).

    Safe to use from several threads; each has a worker for itself, and waits for one while ``most`` are busy.

    Workers start when they are first needed, stay for the next file, and are replaced when they die. Use it as a
    context manager, or call ``close``. ``command`` starts a worker that speaks as ``mediainfo.py`` does.
    ``answer_bytes`` is the longest answer that is read.
    """

    def __init__(
        self,
        wall_seconds: float = WALL_SECONDS,
        command: Sequence[str] = COMMAND,
        most: int | None = None,
        answer_bytes: int = ANSWER_BYTES,
    ) -> None:
        self.most = most
        self._answer_bytes = answer_bytes
        self._command = command
        self._changed = Condition()
        self._clock = WorkerClock(wall_seconds)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._starting = 0
        self._is_warming = False
        self._closed = False

    def warm(self) -> None:
        """Start a worker now, unless there is one, so that its start-up overlaps with other waiting."""
        with self._changed:
            if self._closed or self._idle or self._busy or self._starting:
                return
            self._is_warming = True
            self._starting += 1
        worker = self._started()
        if worker is not None:
            self._give_back(worker)

    def ask(
        self,
        fetched: SparseBytes,
        size_bytes: int,
        question: Question | None = None,
        wants: Mapping[str, Any] | None = None,
    ) -> list[Mapping[str, Any]] | None:
        """The answer of a worker about a file of ``size_bytes``, holes reading as its end; ``None`` for no opinion.

        That is MediaInfo's tracks, or one object: how decoding went, or a thumbnail as the question ``wants`` it. There
        is none where the file was too much for it, where no process can be had, once the ``question`` is withdrawn, and
        once the pool is closed.
        """
        question = question or Question(self)
        worker = self._take(question)
        if worker is None:
            return None
        try:
            return worker.ask(fetched, size_bytes, self._clock, wants)
        finally:
            self._give_back(worker, question)

    def withdraw(self, question: Question) -> None:
        """Give up ``question``, and end the worker that is busy with it."""
        with self._changed:
            question.is_withdrawn = True
            if question.worker is not None:
                question.worker.expire()
            self._changed.notify_all()

    def close(self) -> None:
        """End every worker, those that are being asked too."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._starting, timeout=_START_SECONDS)
            idle, self._idle = self._idle, []
            busy = tuple(self._busy)
        for worker in busy:
            worker.kill()  # its pipes belong to the thread that asks
        for worker in idle:
            worker.close()
        self._clock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, question: Question) -> _Worker | None:
        """A worker for one question: an idle one that lives, else a new one; ``None`` when none can be started."""
        with self._changed:
            while True:
                if self._closed or question.is_withdrawn:
                    return None
                while self._idle:
                    worker = self._idle.pop()
                    if worker.is_usable:
                        self._busy.add(worker)
                        question.worker = worker
                        return worker
                    worker.close()
                if not self._is_warming and (self.most is None or len(self._busy) + self._starting < self.most):
                    break
                self._changed.wait()
            self._starting += 1
        return self._started(question)

    def _started(self, question: Question | None = None) -> _Worker | None:
        """A new worker, made outside the lock: the others go on meanwhile."""
        worker: _Worker | None = None
        with suppress(OSError):  # no process, memory, descriptor or interpreter to be had
            worker = _Worker(self._command, self._answer_bytes)
        with self._changed:
            self._starting -= 1
            self._is_warming = False
            self._changed.notify_all()
            if worker is None:
                return None
            if not self._closed and not (question and question.is_withdrawn):
                self._busy.add(worker)
                if question is not None:
                    question.worker = worker
                return worker
        worker.close()
        return None

    def _give_back(self, worker: _Worker, question: Question | None = None) -> None:
        with self._changed:
            if question is not None:
                question.worker = None
            self._busy.discard(worker)
            self._changed.notify()
            if worker.is_usable and not self._closed:
                self._idle.append(worker)
                return
        worker.close()


class Question:
    """One question to a pool, asked in one thread; another may withdraw it."""

    def __init__(self, pool: WorkerPool) -> None:
        self.is_withdrawn = False
        self.worker: _Worker | None = None
        self._pool = pool

    def ask(
        self, fetched: SparseBytes, size_bytes: int, *, wants: Mapping[str, Any] | None = None
    ) -> list[Mapping[str, Any]] | None:
        """As ``WorkerPool.ask``."""
        return self._pool.ask(fetched, size_bytes, self, wants)

    def withdraw(self) -> None:
        """As ``WorkerPool.withdraw``."""
        self._pool.withdraw(self)


class _Worker:
    """One process. ``is_usable`` turns false when it has died, been killed, fallen out of step, or done its share."""

    def __init__(self, command: Sequence[str], answer_bytes: int) -> None:
        self._answer_bytes = answer_bytes
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_FOLDER,  # some systems look for libraries in the current folder
            env=environment(),
        )
        self._left = REQUESTS_PER_WORKER
        self._in_step = True

    @property
    def is_usable(self) -> bool:
        return self._in_step and self._left > 0 and self._process.poll() is None

    def ask(
        self, fetched: SparseBytes, size_bytes: int, clock: WorkerClock, wants: Mapping[str, Any] | None
    ) -> list[Mapping[str, Any]] | None:
        request = self._left
        self._left -= 1
        self._in_step = False  # until its answer has come, whatever happens here
        try:
            clock.begin(self)
        except RuntimeError:  # no thread can be had, and without a clock nothing is asked
            return None
        try:
            told = _told(self._exchange(fetched, size_bytes, request, wants), request)
        except OSError:  # it died while it was being written to
            told = None
        finally:
            clock.end(self)  # if it is about to kill, the next question must know
        self._in_step = told is not None
        return told

    def kill(self) -> None:
        """End the process. Its reader then finds the end of its answer."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the process and let go of its pipes."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # unread bytes are lost with it
                _pipe(pipe).close()

    def expire(self) -> None:
        """End the process without waiting for its end, and have it replaced."""
        self._left = 0
        self._process.kill()

    def _exchange(self, fetched: SparseBytes, size_bytes: int, request: int, wants: Mapping[str, Any] | None) -> bytes:
        pieces = fetched.pieces()
        places = [[start, len(data)] for start, data in pieces]
        header = {"id": request, "size": size_bytes, "pieces": places, "wants": wants or {}}
        stdin = _pipe(self._process.stdin)
        stdin.write(json.dumps(header).encode() + b"\n")
        for _, data in pieces:
            stdin.write(data)
        stdin.flush()
        return _pipe(self._process.stdout).readline(self._answer_bytes)


def environment() -> dict[str, str]:
    """This process's environment without the key: a process that reads hostile files must not have it.

    NumPy, which a decoder brings along, would set memory aside for a thread on each processor.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFLIGHT_API_KEY")}
    return kept | {"OPENBLAS_NUM_THREADS": "1"}


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "workers are started with pipes"
    return stream


def _told(line: bytes, request: int) -> list[Mapping[str, Any]] | None:
    """The contents of the answer to that request; ``None`` for anything else, an answer to another request too."""
    try:
        answer = json.loads(line)
        told = answer["told"] if answer["id"] == request else None
    except (ValueError, KeyError, TypeError, RecursionError):  # cut short, no opinion, or no answer at all
        return None
    return told if isinstance(told, list) and all(isinstance(each, dict) for each in told) else None
