"""An event loop in a thread of its own, so that checks never hold up the loop of a program that asks for them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, Thread
from typing import Any, Protocol, TypeVar

from preflight.checking.loop_inbox import LoopInbox
from preflight.errors import ConfigurationError

_T = TypeVar("_T")

_END_SECONDS = 10.0
"""How long cancelled work may take to end: it lets go of sockets, and waits for nothing."""


POLL_S = 0.5 if sys.platform == "win32" else None
"""How long to wait at a time: on Windows, Ctrl-C does not end a wait."""


class Cancellable(Protocol):
    """Work that is under way, or something that waits for it."""

    def cancel(self) -> object: ...


class LoopThread:
    """Runs coroutines for callers in any thread and in any event loop, until it is closed.

    ``at_end`` runs in the thread when the loop has nothing more to do. ``closed`` is the text of the error for work
    that comes too late. The thread is a daemon: a program that ends without closing it is not held up.
    """

    def __init__(self, *, closed: str, at_end: Callable[[], object] = lambda: None) -> None:
        self._loop = asyncio.new_event_loop()
        self._inbox = LoopInbox(self._loop)
        self._closed_message = closed
        self._at_end = at_end
        self._lock = Lock()
        self._under_way: set[Cancellable] = set()
        self._closed = False
        self._thread = Thread(target=self._run, name="preflight-loop", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Begin ``work``. Cancelling the future cancels it. Raises ``ConfigurationError`` once the loop is closed."""
        with self._lock:
            if self._closed:
                work.close()
                raise self.closed_error()
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Have ``function``, which raises nothing, called in the thread.

        Raises ``ConfigurationError`` once the loop is closed.
        """
        with self._lock:
            if self._closed:
                raise self.closed_error()
            self._inbox.put(function, *args)

    def closed_error(self) -> ConfigurationError:
        return ConfigurationError(self._closed_message)

    def unwrapped(self, result: _T | BaseException) -> _T:
        """``result``, unless it is an exception: that is raised. Only the end of the loop cancels awaited work."""
        if isinstance(result, asyncio.CancelledError):
            raise self.closed_error() from None
        if isinstance(result, BaseException):
            raise result
        return result

    def watch(self, waiting: Cancellable) -> None:
        """Cancel ``waiting`` when the loop ends, unless it is forgotten before."""
        self._under_way.add(waiting)

    def forget(self, waiting: Cancellable) -> None:
        self._under_way.discard(waiting)

    def result(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The result of ``work``, for a thread that may wait. An interrupt of the wait cancels the work."""
        future = self.start(work)
        try:
            while True:
                with suppress(TimeoutError):
                    return future.result(POLL_S)
                if future.done():  # the work itself timed out
                    return future.result()
        except concurrent.futures.CancelledError:
            raise self.closed_error() from None  # nobody else cancels it
        finally:
            future.cancel()

    async def result_async(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The result of ``work``, for another event loop. Cancelling the wait cancels the work."""
        try:
            return await asyncio.wrap_future(self.start(work))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise self.closed_error() from None
            raise

    def close(self, *, wait: bool = True) -> None:
        """Cancel all work, and end the thread."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._loop.stop)
        if wait:
            self._thread.join()

    async def close_async(self) -> None:
        """``close``, without holding up the event loop of the caller."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not ended.done():
                ended.set_result(None)

        def close() -> None:
            try:
                self.close()
            finally:
                with suppress(RuntimeError):  # the caller's loop was closed meanwhile
                    loop.call_soon_threadsafe(settle)

        closer = Thread(target=close, name="preflight-close", daemon=True)
        closer.start()
        await ended
        closer.join()

    def _run(self) -> None:
        loop = self._loop
        try:
            loop.run_forever()
            while tasks := asyncio.all_tasks(loop):
                for task in tasks:
                    task.cancel()
                _, left = loop.run_until_complete(asyncio.wait(tasks, timeout=_END_SECONDS))
                if left:
                    break
            self._at_end()
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
            for each in tuple(self._under_way):  # such as was begun when the loop had already stopped
                each.cancel()
