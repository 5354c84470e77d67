"""Work in a few threads beside an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

from preflight.checking.loop_inbox import LoopInbox

_T = TypeVar("_T")


class FileThreads:
    """At most so many threads, for the event loop in which it is made.

    A thread that is awake takes the next work by itself: waking one for each small file costs as much as reading it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="preflight-file")
        self._loop = asyncio.get_running_loop()
        self._inbox = LoopInbox(self._loop)
        self._lock = Lock()
        self._awake = 0
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()

    async def result(self, work: Callable[[], _T]) -> _T:
        """The result of ``work``. Cancelling it drops work that is not begun."""
        future: asyncio.Future[_T] = self._loop.create_future()
        with self._lock:
            self._waiting.append((work, future))
            is_one_asleep = self._awake < self._most
            self._awake += is_one_asleep
        if is_one_asleep:
            self._threads.submit(self._do_what_waits)
        return await future

    def close(self) -> None:
        """End the threads when they have done what they are doing."""
        with self._lock:
            self._waiting.clear()
        self._threads.shutdown(cancel_futures=True)

    def _do_what_waits(self) -> None:
        while (item := self._next()) is not None:
            work, future = item
            if future.cancelled():
                continue
            settle: Callable[[Any], None]
            try:
                result, settle = work(), future.set_result
            except BaseException as exc:  # noqa: BLE001 - raised where it is waited for
                result, settle = exc, future.set_exception
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._inbox.put(_settle, future, settle, result)

    def _next(self) -> tuple[Callable[[], Any], asyncio.Future[Any]] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._awake -= 1
            return None


def _settle(future: asyncio.Future[Any], settle: Callable[[Any], None], result: object) -> None:
    if not future.done():
        settle(result)
