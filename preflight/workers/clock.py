"""The clock of a pool: it ends each worker whose answer does not come in time."""

from __future__ import annotations

import time
from threading import Condition, Thread
from typing import Protocol


class Expiring(Protocol):
    """Something that is ended when its time is up."""

    def expire(self) -> None: ...


class WorkerClock:
    """One thread for all questions of a pool. It ends when nothing was asked for as long as an answer may take.

    A thread for each question would cost a tenth of it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._changed = Condition()
        self._due: dict[Expiring, float] = {}
        self._thread: Thread | None = None
        self._closed = False

    def begin(self, worker: Expiring) -> None:
        """Expect the answer of ``worker`` in time. Raises ``RuntimeError`` where no thread can be had."""
        with self._changed:
            self._due[worker] = time.monotonic() + self._seconds
            if self._thread is None:
                thread = Thread(target=self._run, name="preflight-clock", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    del self._due[worker]
                    raise
                self._thread = thread

    def end(self, worker: Expiring) -> None:
        """The answer has come. If ``worker`` was to be ended, that has happened."""
        with self._changed:
            self._due.pop(worker, None)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        # Each is due as long after its beginning as the others: the first that began is the first that is due, and a
        # thread that sleeps until then, or for so long where nothing is asked, need not be woken for the next.
        with self._changed:
            while not self._closed:
                first = next(iter(self._due.items()), None)
                until = first[1] if first else time.monotonic() + self._seconds
                while (left := until - time.monotonic()) > 0 and not self._closed:
                    self._changed.wait(left)
                if first is not None and self._due.get(first[0]) == first[1]:
                    del self._due[first[0]]
                    first[0].expire()
                elif first is None and not self._due:
                    break
            self._thread = None
