"""A pool of processes in which MediaInfo is asked, so that no file can hurt the one that asks.

libmediainfo spins for minutes and takes gigabytes on crafted files (docs/security.md). A worker has limits of its own
on memory and processor time (``caged.py``); here is the clock, which holds on every platform, and the restart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Timer
from types import TracebackType
from typing import IO, Any, Self

from preflight.model import SparseBytes

WALL_SECONDS = 6.0
ANSWER_BYTES = 256 * 1024
REQUESTS_PER_WORKER = 500
"""A worker is replaced after this many files, against slow leaks in the library."""


class Cage:
    """Asks MediaInfo about bytes already fetched. Safe to use from several threads; each has a worker for itself.

    Workers start when they are first needed, stay for the next file, and are replaced when they die. Use it as a
    context manager, or call ``close``.
    """

    def __init__(self, wall_seconds: float = WALL_SECONDS) -> None:
        self._wall_seconds = wall_seconds
        self._idle: SimpleQueue[_Worker] = SimpleQueue()

    def warm(self) -> None:
        """Start a worker now, so that its start-up overlaps with other waiting."""
        self._idle.put(_Worker())

    def ask(self, fetched: SparseBytes, size_bytes: int) -> list[Mapping[str, Any]] | None:
        """MediaInfo's tracks of a file of ``size_bytes``, holes reading as its end; ``None`` for no opinion."""
        try:
            worker = self._idle.get_nowait()
        except Empty:
            worker = _Worker()
        tracks = worker.ask(fetched, size_bytes, self._wall_seconds)
        if worker.is_usable:
            self._idle.put(worker)
        else:
            worker.close()
        return tracks

    def close(self) -> None:
        """End every worker."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One process. ``is_usable`` turns false when it has died, been killed, or done its share."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "preflight.probes.caged"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        self._left = REQUESTS_PER_WORKER

    @property
    def is_usable(self) -> bool:
        return self._left > 0 and self._process.poll() is None

    def ask(self, fetched: SparseBytes, size_bytes: int, wall_seconds: float) -> list[Mapping[str, Any]] | None:
        self._left -= 1
        clock = Timer(wall_seconds, self._process.kill)
        clock.daemon = True
        clock.start()
        try:
            answer = self._exchange(fetched, size_bytes)
        except OSError:  # it died while it was being written to
            answer = b""
        finally:
            clock.cancel()
        tracks = _tracks(answer)
        if tracks is None:
            self._left = 0
        return tracks

    def close(self) -> None:
        with suppress(OSError):
            _pipe(self._process.stdin).close()
        self._process.kill()
        self._process.wait()
        _pipe(self._process.stdout).close()

    def _exchange(self, fetched: SparseBytes, size_bytes: int) -> bytes:
        pieces = fetched.pieces()
        header = {"size": size_bytes, "pieces": [[start, len(data)] for start, data in pieces]}
        stdin = _pipe(self._process.stdin)
        stdin.write(json.dumps(header).encode() + b"\n")
        for _, data in pieces:
            stdin.write(data)
        stdin.flush()
        return _pipe(self._process.stdout).readline(ANSWER_BYTES)


def _environment() -> dict[str, str]:
    """This process's environment without the key: what reads hostile files has no business with it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFLIGHT_API_KEY")}


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "workers are started with pipes"
    return stream


def _tracks(answer: bytes) -> list[Mapping[str, Any]] | None:
    try:
        tracks = json.loads(answer)["tracks"]
    except (ValueError, KeyError, TypeError):  # cut short, or no opinion
        return None
    return tracks if isinstance(tracks, list) else None
