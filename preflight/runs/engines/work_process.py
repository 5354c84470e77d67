"""A worker of the local engine: a process that checks the parts which it is sent, until its connection closes.

Messages are pickled tuples between our own processes. To the worker: its ``Task`` first, then ``PartRows``, then
``None`` for the end, and answers about readings that it shares (``runs/engines/shared_readings.py``). From it:
``("progress", Headway)``, ``("done", number, Tally as an object)``, ``("failed", number, class name, text)``,
``("bug", traceback)``, and about such readings ``("asked", key)`` and ``("told", key, result)``.
"""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from preflight.runs.engines.checker import Headway, PartChecker, PartDone, PartFailed, Parts, Task
from preflight.runs.engines.counted_readings import CountedReadings
from preflight.runs.engines.out_of_memory import OUT_OF_MEMORY, is_out_of_memory
from preflight.runs.engines.reading_claims import ReadingClaims

_REPORT_S = 0.5


def serve(descriptor: int) -> None:
    """Work for the process at the other end of the socket. Its death ends this one, too."""
    connection = Connection(descriptor)
    with _ended_by_want_of_memory():
        asyncio.run(_serve(connection))


@contextmanager
def _ended_by_want_of_memory() -> Iterator[None]:
    """End the process where its memory does not suffice: the one that started it has the work done again."""
    try:
        yield
    except BaseException as error:
        if is_out_of_memory(error):
            os._exit(OUT_OF_MEMORY)
        raise


async def _serve(connection: Connection) -> None:
    loop = asyncio.get_running_loop()
    parts: Parts = asyncio.Queue()
    task: Task = connection.recv()
    send, counted = _Sender(connection), CountedReadings()
    claims = ReadingClaims(task.repeated, send=send, know=counted.add) if task.repeated else None
    threading.Thread(target=_listen, args=(connection, loop, parts, claims), daemon=True).start()
    progress = Headway()
    checker = PartChecker(task, heard=partial(_tell, send), on_progress=progress.add, counted=counted, shared=claims)
    reporter = asyncio.create_task(_report(send, progress))
    try:
        with _ended_by_want_of_memory():
            await checker.check(parts)
    except Exception:  # noqa: BLE001 - a bug, which the process that the user started reports
        send(("bug", traceback.format_exc()))
    finally:
        reporter.cancel()


class _Sender:
    """Sends messages from any thread, one after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def __call__(self, message: tuple[Any, ...]) -> None:
        with self._lock:
            self._connection.send(message)


def _listen(
    connection: Connection, loop: asyncio.AbstractEventLoop, parts: Parts, claims: ReadingClaims | None
) -> None:
    while True:
        try:
            with _ended_by_want_of_memory():
                message = connection.recv()
        except BaseException:  # noqa: BLE001 - nothing can come any more, and the loop may be busy or wait for long
            os._exit(1)
        if isinstance(message, tuple):
            if claims is not None:
                claims.answered(message)
            continue
        loop.call_soon_threadsafe(parts.put_nowait, message)
        if message is None:
            return


def _tell(send: _Sender, outcome: PartDone | PartFailed) -> None:
    match outcome:
        case PartDone():
            send(("done", outcome.number, outcome.tally.to_object()))
        case PartFailed():
            send(("failed", outcome.number, type(outcome.error).__name__, str(outcome.error)))


async def _report(send: _Sender, progress: Headway) -> None:
    while True:
        await asyncio.sleep(_REPORT_S)
        if progress.rows or progress.sent_again:
            send(("progress", progress))
            progress.clear()
