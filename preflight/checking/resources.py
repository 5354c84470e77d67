"""The processes, threads and readers that the checks of an engine share: each bounded, and all ended together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar

from preflight.errors import ConfigurationError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from preflight.checking.file_threads import FileThreads
    from preflight.checking.loop_thread import LoopThread
    from preflight.sources.remote import OnBytes, RemoteReader
    from preflight.workers.pool import Question, WorkerPool

_T = TypeVar("_T")

CLOSED = "the engine is closed: make another one"

_FILES_AT_ONCE = 4
"""Local files probed at the same time, beside the event loop: more threads would only wait for each other."""

_DECODED_AT_ONCE = 2
"""Pictures decoded at the same time: each may take all of its process's memory."""

_READERS_KEPT = 32

_CALLERS = ("preflight.checking.pipeline", "preflight.checking.results")
"""Modules that callers find loaded, by name: they depend on this one."""


class Asking:
    """Questions to one pool, asked in as many threads as it has workers: where all are busy, the next one waits."""

    def __init__(self, pool: WorkerPool, most: int) -> None:
        from concurrent.futures import ThreadPoolExecutor  # a single local file needs no thread

        self._pool = pool
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="preflight-ask")

    def warm(self) -> None:
        """Start a worker, unless there is one, and do not wait for it."""
        self._threads.submit(self._pool.warm)

    async def ask(self, work: Callable[[Question], _T]) -> _T:
        """The result of ``work``, which asks one question. Cancelling it frees the worker."""
        from preflight.workers.pool import Question

        question = Question(self._pool)
        try:
            return await _in_thread(self._threads, lambda: work(question))
        except BaseException:
            question.withdraw()
            raise

    def close(self) -> None:
        self._pool.close()
        self._threads.shutdown(cancel_futures=True)


class Resources:
    """What checks share. Everything starts when it is first needed; ``close`` ends it.

    Safe to use from several threads. ``loop`` may be used by any thread; ``reader`` and the coroutines only in it.
    ``on_bytes`` is called in that thread as bytes of a URL arrive (``RemoteReader``).
    """

    def __init__(self, *, on_bytes: OnBytes | None = None) -> None:
        self.on_bytes = on_bytes
        self._lock = Lock()
        self._closed = False
        self._process = os.getpid()
        self._loop: LoopThread | None = None
        self._starting: Future[LoopThread] | None = None
        self._pools: dict[str, WorkerPool] = {}
        self._asking: dict[WorkerPool, Asking] = {}
        self._files: FileThreads | None = None
        self._readers: dict[tuple[object, ...], RemoteReader] = {}

    @property
    def is_of_another_process(self) -> bool:
        """Whether this process was forked from the one that has them."""
        return self._process != os.getpid()

    @property
    def loop(self) -> LoopThread:
        """The thread in which URLs are read, and in which everything runs that an event loop waits for."""
        with self._lock:
            self._refuse_closed()
            if self._loop is None:
                from preflight.checking.loop_thread import LoopThread  # asyncio takes 30 ms to load

                self._loop = LoopThread(closed=CLOSED, at_end=self._end)
            return self._loop

    async def loop_from_another(self) -> LoopThread:
        """``loop``, for an event loop that goes on while the libraries for it are loaded in a thread."""
        from asyncio import wrap_future  # the caller has loaded these
        from concurrent.futures import Future

        with self._lock:
            self._refuse_closed()
            if self._loop is not None:
                return self._loop
            if self._starting is None or self._starting.done():
                self._starting = Future()
                self._starting.set_running_or_notify_cancel()  # one of those who wait cannot cancel it for the others
                Thread(target=self._start, args=(self._starting,), name="preflight-start", daemon=True).start()
            starting = self._starting
        return await wrap_future(starting)

    def _start(self, starting: Future[LoopThread]) -> None:
        try:
            for name in _CALLERS:
                import_module(name)
            starting.set_result(self.loop)
        except BaseException as exc:  # noqa: BLE001 - raised where it is waited for
            starting.set_exception(exc)

    @property
    def mediainfo(self) -> WorkerPool:
        """The processes of MediaInfo."""
        return self._pool("COMMAND", _processors())

    @property
    def decoder(self) -> WorkerPool:
        """The processes that decode pictures."""
        return self._pool("DECODE", _DECODED_AT_ONCE)

    def thumbnailer(self, *, of_clips: bool) -> WorkerPool:
        """The processes that make thumbnails of pictures, or of clips."""
        return self._pool("CLIPS" if of_clips else "PICTURES", _DECODED_AT_ONCE)

    def _pool(self, command: str, most: int) -> WorkerPool:
        with self._lock:
            self._refuse_closed()
            if command not in self._pools:
                from preflight.workers import pool  # a check of pictures needs no process

                seconds = pool.THUMBNAIL_SECONDS if command in ("CLIPS", "PICTURES") else pool.WALL_SECONDS
                self._pools[command] = pool.WorkerPool(seconds, command=getattr(pool, command), most=most)
            return self._pools[command]

    def asking(self, pool: WorkerPool) -> Asking:
        """Asks ``pool``, from the loop."""
        with self._lock:
            self._refuse_closed()
            if pool not in self._asking:
                self._asking[pool] = Asking(pool, pool.most or _processors())
            return self._asking[pool]

    async def beside(self, work: Callable[[], _T]) -> _T:
        """The result of ``work``, which reads a local file, in a thread beside the loop."""
        with self._lock:
            self._refuse_closed()
            if self._files is None:
                from preflight.checking.file_threads import FileThreads  # loads asyncio, in 30 ms

                self._files = FileThreads(_FILES_AT_ONCE)
        return await self._files.result(work)

    def reader(self, settings: tuple[object, ...], make: Callable[[], RemoteReader]) -> RemoteReader:
        """The reader of URLs for these settings: its TLS, names and places at hosts are those of the last call."""
        reader = self._readers.get(settings)
        if reader is None:
            reader = make()
            while len(self._readers) >= _READERS_KEPT:  # readings under way keep theirs
                del self._readers[next(iter(self._readers))]
            self._readers[settings] = reader
        return reader

    def close(self, *, wait: bool = True) -> None:
        """End the processes and threads that were started. Nothing can be checked any more."""
        if self.is_of_another_process:  # they belong to the process that started them
            return
        with self._lock:
            self._closed = True
            loop = self._loop
        if loop is None:
            self._end()
        else:
            loop.close(wait=wait)

    async def close_async(self) -> None:
        """``close``, without holding up the event loop of the caller."""
        if self.is_of_another_process:
            return
        with self._lock:
            self._closed = True
            loop = self._loop
        if loop is None:
            self._end()  # nothing runs that an event loop could have waited for
        else:
            await loop.close_async()

    def _refuse_closed(self) -> None:
        if self.is_of_another_process:
            raise ConfigurationError("the engine was made before this process was forked: make one in each process")
        if self._closed:
            raise ConfigurationError(CLOSED)

    def _end(self) -> None:
        """Runs once nothing is under way any more."""
        for asking in self._asking.values():
            asking.close()
        for pool in self._pools.values():
            pool.close()
        if self._files is not None:
            self._files.close()


async def _in_thread(threads: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
    import asyncio  # loaded by the loop that calls this

    future: Future[_T] = threads.submit(work)
    return await asyncio.wrap_future(future)


async def in_new_thread(work: Callable[[], _T]) -> _T:
    """The result of ``work`` in a thread of its own, which is finished before the program ends."""
    from asyncio import wrap_future  # the caller has loaded these
    from concurrent.futures import Future
    from contextvars import copy_context

    result: Future[_T] = Future()
    result.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as exc:  # noqa: BLE001 - raised where it is waited for
            result.set_exception(exc)

    Thread(target=copy_context().run, args=(run,), name="preflight-work").start()  # so that spans have their parent
    return await wrap_future(result)


def _processors() -> int:
    """As many processes as keep the processors busy, and two where one file may hold one of them up."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(2, usable)


class _Shared:
    """The resources of the functions of the Python API: as long as one of them is under way, all have the same."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._resources: Resources | None = None
        self._users = 0

    def borrowed(self) -> Resources:
        with self._lock:
            if self._resources is None or self._resources.is_of_another_process:
                self._resources, self._users = Resources(), 0
            self._users += 1
            return self._resources

    def given_back(self, resources: Resources) -> bool:
        """Whether that was the last one, so that they are to be closed."""
        with self._lock:
            if resources is not self._resources:
                return False
            self._users -= 1
            if self._users:
                return False
            self._resources = None
            return True


_SHARED = _Shared()


@contextmanager
def shared_resources() -> Iterator[Resources]:
    """The resources of all that use them now; the last one ends them."""
    resources = _SHARED.borrowed()
    try:
        yield resources
    finally:
        if _SHARED.given_back(resources):
            resources.close()


@asynccontextmanager
async def shared_resources_async() -> AsyncIterator[Resources]:
    """``shared_resources``, without holding up the event loop."""
    resources = _SHARED.borrowed()
    try:
        yield resources
    finally:
        if _SHARED.given_back(resources):
            await resources.close_async()
