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
from threading import Lock, Timer
from typing import IO, Any, Self

from preflight.model import SparseBytes

WALL_SECONDS = 6.0
ANSWER_BYTES = 256 * 1024
REQUESTS_PER_WORKER = 500
"""A worker is replaced after this many files, against slow leaks in the library."""

_FOLDER = Path(__file__).parent
COMMAND = (sys.executable or "", "-P", str(_FOLDER / "mediainfo.py"))
"""``-P`` keeps the current folder, which may be a stranger's, out of the places that modules are loaded from."""
DECODE = (*COMMAND, "decode")
"""Starts a worker that decodes pictures; by default one asks MediaInfo."""


class WorkerPool:
    """Asks MediaInfo about bytes already fetched, or has them decoded (``DECODE``).

    Safe to use from several threads; each has a worker for itself.

    Workers start when they are first needed, stay for the next file, and are replaced when they die. Use it as a
    context manager, or call ``close``. ``command`` starts a worker that speaks as ``mediainfo.py`` does.
    """

    def __init__(self, wall_seconds: float = WALL_SECONDS, command: Sequence[str] = COMMAND) -> None:
        self._wall_seconds = wall_seconds
        self._command = command
        self._lock = Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._closed = False

    def warm(self) -> None:
        """Start a worker now, so that its start-up overlaps with other waiting."""
        worker = self._take()
        if worker is not None:
            self._give_back(worker)

    def ask(self, fetched: SparseBytes, size_bytes: int) -> list[Mapping[str, Any]] | None:
        """The answer of a worker about a file of ``size_bytes``, holes reading as its end; ``None`` for no opinion.

        That is MediaInfo's tracks, or one object that says how decoding went. There is none where the file was too
        much for it, where no process can be had, and once the pool is closed.
        """
        worker = self._take()
        if worker is None:
            return None
        try:
            return worker.ask(fetched, size_bytes, self._wall_seconds)
        finally:
            self._give_back(worker)

    def close(self) -> None:
        """End every worker, those that are being asked too."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = tuple(self._busy)
        for worker in busy:
            worker.kill()  # its pipes belong to the thread that asks
        for worker in idle:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> _Worker | None:
        """A worker for one question: an idle one that lives, else a new one; ``None`` when none can be started."""
        with self._lock:
            while self._idle and not self._closed:
                worker = self._idle.pop()
                if worker.is_usable:
                    self._busy.add(worker)
                    return worker
                worker.close()
            if self._closed:
                return None
            try:
                worker = _Worker(self._command)
            except OSError:  # no process, memory, descriptor or interpreter to be had
                return None
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if worker.is_usable and not self._closed:
                self._idle.append(worker)
                return
        worker.close()


class _Worker:
    """One process. ``is_usable`` turns false when it has died, been killed, fallen out of step, or done its share."""

    def __init__(self, command: Sequence[str]) -> None:
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

    def ask(self, fetched: SparseBytes, size_bytes: int, wall_seconds: float) -> list[Mapping[str, Any]] | None:
        request = self._left
        self._left -= 1
        self._in_step = False  # until its answer has come, whatever happens here
        clock = Timer(wall_seconds, self._expire)
        clock.daemon = True
        try:
            clock.start()
        except RuntimeError:  # no thread can be had, and without a clock nothing is asked
            return None
        try:
            told = _told(self._exchange(fetched, size_bytes, request), request)
        except OSError:  # it died while it was being written to
            told = None
        finally:
            clock.cancel()
            clock.join()  # if it is about to kill, the next question must know
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

    def _expire(self) -> None:
        self._left = 0
        self._process.kill()

    def _exchange(self, fetched: SparseBytes, size_bytes: int, request: int) -> bytes:
        pieces = fetched.pieces()
        header = {"id": request, "size": size_bytes, "pieces": [[start, len(data)] for start, data in pieces]}
        stdin = _pipe(self._process.stdin)
        stdin.write(json.dumps(header).encode() + b"\n")
        for _, data in pieces:
            stdin.write(data)
        stdin.flush()
        return _pipe(self._process.stdout).readline(ANSWER_BYTES)


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
