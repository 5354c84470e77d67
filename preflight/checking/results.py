"""Results as they come from the loop of an engine: to a thread that waits for them, or to another event loop.

At most ``WINDOW`` targets are under way or wait to be handed out, so memory is bounded for any number of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeAlias

from preflight.checking.loop_inbox import LoopInbox
from preflight.checking.loop_thread import POLL_S, LoopThread
from preflight.checking.pipeline import Pipeline
from preflight.checking.subjects import Checked, SubjectRequest
from preflight.errors import ConfigurationError
from preflight.model.target import Target

WINDOW = 256
_TAKEN_AT_ONCE = 16
"""Targets that are taken without letting the caller's event loop go on."""


Item: TypeAlias = "tuple[int, Target, Sequence[SubjectRequest] | None]"
"""The index of a target, the target, and the requests of its files where they are known."""


class _Order:
    """Results in the order of their targets, beginning at ``due``; or as they come, where that is ``None``."""

    def __init__(self, due: int | None) -> None:
        self._due = due
        self._early: dict[int, Checked] = {}

    def with_next(self, result: Checked) -> Iterator[Checked]:
        """The results that can be handed out, now that ``result`` has come."""
        if self._due is None:
            yield result
            return
        self._early[result.index] = result
        while self._due in self._early:
            self._due += 1
            yield self._early.pop(self._due - 1)


class _Arrivals:
    """What came of targets, for a thread that waits. The end of the loop calls ``cancel``."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._queue: SimpleQueue[Checked | BaseException] = SimpleQueue()

    def put(self, result: Checked | BaseException) -> None:
        self._queue.put(result)

    def cancel(self) -> None:
        self.put(self._loop.closed_error())

    def take(self, *, wait: bool) -> Checked | None:
        """The next result; ``None`` where there is none yet. Raises the exception that came instead."""
        while True:
            with suppress(Empty):
                return self._loop.unwrapped(self._queue.get(block=wait, timeout=POLL_S))
            if not wait:
                return None


def in_thread(
    items: Iterator[Item], pipeline: Pipeline, loop: LoopThread, *, first: int | None
) -> Generator[Checked, None, None]:
    """The result of each of ``items``; in their order, where the index of the ``first`` is given."""
    arrivals, order = _Arrivals(loop), _Order(first)
    taken = handed = 0
    is_open = True
    loop.watch(arrivals)
    try:
        while is_open or taken > handed:
            if is_open and taken - handed < WINDOW:
                item = next(items, None)
                if item is None:
                    is_open = False
                else:
                    index, target, requests = item
                    loop.call(pipeline.begin, index, target, arrivals.put, requests)
                    taken += 1
                result = arrivals.take(wait=False)
            else:
                result = arrivals.take(wait=True)
            while result is not None:
                for each in order.with_next(result):
                    handed += 1
                    yield each
                result = arrivals.take(wait=False)
    finally:
        loop.forget(arrivals)
        with suppress(ConfigurationError):  # closed, which cancels it, too
            loop.call(pipeline.cancel)


class _LoopArrivals:
    """What came of targets, for the event loop in which it is made. ``None`` says that no more are taken."""

    def __init__(self, loop: LoopThread) -> None:
        self._from = loop
        self._inbox = LoopInbox(asyncio.get_running_loop())
        self._queue: asyncio.Queue[Checked | BaseException | None] = asyncio.Queue()

    def put(self, result: Checked | BaseException | None) -> None:
        with suppress(RuntimeError):  # the caller's loop is closed
            self._inbox.put(self._queue.put_nowait, result)

    def cancel(self) -> None:
        self.put(self._from.closed_error())

    async def take(self) -> Checked | None:
        result = await self._queue.get()
        return None if result is None else self._from.unwrapped(result)


class _Taking:
    """Takes targets as there is room for them, and has them checked."""

    def __init__(self, pipeline: Pipeline, loop: LoopThread, arrivals: _LoopArrivals) -> None:
        self.taken = 0
        self._room = asyncio.Semaphore(WINDOW)
        self._pipeline = pipeline
        self._loop = loop
        self._arrivals = arrivals

    def make_room(self) -> None:
        self._room.release()

    async def all_of(self, targets: Iterable[Target] | AsyncIterable[Target]) -> None:
        try:
            if isinstance(targets, AsyncIterable):
                async for target in targets:
                    await self._begin(target)
            else:
                for target in targets:
                    await self._begin(target)
                    if self.taken % _TAKEN_AT_ONCE == 0:
                        await asyncio.sleep(0)
        except Exception as exc:  # noqa: BLE001 - raised where the results are taken
            self._arrivals.put(exc)
        self._arrivals.put(None)

    async def _begin(self, target: Target) -> None:
        await self._room.acquire()
        self._loop.call(self._pipeline.begin, self.taken, target, self._arrivals.put)
        self.taken += 1


async def in_event_loop(
    targets: Iterable[Target] | AsyncIterable[Target], pipeline: Pipeline, loop: LoopThread
) -> AsyncGenerator[Checked, None]:
    """The result of each of ``targets``, as they come."""
    arrivals = _LoopArrivals(loop)
    taking = _Taking(pipeline, loop, arrivals)
    loop.watch(arrivals)
    task = asyncio.create_task(taking.all_of(targets))
    handed = 0
    is_open = True
    try:
        while is_open or handed < taking.taken:
            result = await arrivals.take()
            if result is None:
                is_open = False
            else:
                handed += 1
                yield result
                taking.make_room()
    finally:
        loop.forget(arrivals)
        with suppress(ConfigurationError):  # closed, which cancels it, too
            loop.call(pipeline.cancel)
        task.cancel()
        await asyncio.wait([task])
