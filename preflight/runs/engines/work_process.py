"""A worker of the local engine: a process that checks the parts which it is sent, until its connection closes.

Messages are pickled tuples between our own processes. To the worker: its ``Task`` first, then ``PartRows``, then
``None`` for the end. From it: ``("progress", Headway)``, ``("done", number, Tally as an object)``, and
``("failed", number, class name, text)``, and
``("bug", traceback)``.
"""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from functools import partial
from multiprocessing.connection import Connection

from preflight.runs.engines.checker import Headway, PartChecker, PartDone, PartFailed, Parts

_REPORT_S = 0.5


def serve(descriptor: int) -> None:
    """Work for the process at the other end of the socket. Its death ends this one, too."""
    connection = Connection(descriptor)
    asyncio.run(_serve(connection))


async def _serve(connection: Connection) -> None:
    loop = asyncio.get_running_loop()
    parts: Parts = asyncio.Queue()
    task = connection.recv()
    threading.Thread(target=_listen, args=(connection, loop, parts), daemon=True).start()
    progress = Headway()
    checker = PartChecker(task, heard=partial(_tell, connection), on_progress=progress.add)
    reporter = asyncio.create_task(_report(connection, progress))
    try:
        await checker.check(parts)
    except Exception:  # noqa: BLE001 - a bug, which the process that the user started reports
        connection.send(("bug", traceback.format_exc()))
    finally:
        reporter.cancel()


def _listen(connection: Connection, loop: asyncio.AbstractEventLoop, parts: Parts) -> None:
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            os._exit(1)  # nobody wants the results, and the loop may be busy for long
        loop.call_soon_threadsafe(parts.put_nowait, message)
        if message is None:
            return


def _tell(connection: Connection, outcome: PartDone | PartFailed) -> None:
    match outcome:
        case PartDone():
            connection.send(("done", outcome.number, outcome.tally.to_object()))
        case PartFailed():
            connection.send(("failed", outcome.number, type(outcome.error).__name__, str(outcome.error)))


async def _report(connection: Connection, progress: Headway) -> None:
    while True:
        await asyncio.sleep(_REPORT_S)
        if progress.rows or progress.sent_again:
            connection.send(("progress", progress))
            progress.clear()
