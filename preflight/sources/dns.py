"""Resolves names without letting a slow name server hold up the process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from preflight.sources.limits import LOOKUPS, REMEMBERED, REMEMBERED_S

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The numeric addresses of a host, for a port. Raises ``OSError`` where there are none."""


class SystemNames:
    """``getaddrinfo`` in threads of its own: one look-up a name at a time, answers kept for a moment.

    The threads are daemons, because ``getaddrinfo`` cannot be cancelled: the loop's own executor would be waited for at
    exit, long after the deadline.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._places = asyncio.Semaphore(LOOKUPS)
        self._answers: dict[str, tuple[float, asyncio.Task[tuple[str, ...] | OSError]]] = {}

    async def __call__(self, host: str, port: int) -> tuple[str, ...]:  # noqa: ARG002 - part of Resolve
        known = self._answers.get(host)
        if known is None or known[0] < self._clock():
            self._answers.pop(host, None)
            if len(self._answers) >= REMEMBERED:
                del self._answers[next(iter(self._answers))]
            known = (self._clock() + REMEMBERED_S, asyncio.create_task(self._look_up(host)))
            self._answers[host] = known
        # Shielded: a caller that gives up waiting must not end the look-up for the others.
        answer = await asyncio.shield(known[1])
        if isinstance(answer, OSError):
            if self._answers.get(host) is known:
                del self._answers[host]
            raise OSError(*answer.args)
        return answer

    def close(self) -> None:
        """Give up the look-ups under way."""
        for _, task in self._answers.values():
            task.cancel()
        self._answers.clear()

    async def _look_up(self, host: str) -> tuple[str, ...] | OSError:
        async with self._places:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[tuple[str, ...] | OSError] = loop.create_future()
            try:
                threading.Thread(target=_work, args=(host, loop, answer), daemon=True).start()
            except RuntimeError as exc:  # the system allows no more threads
                return OSError(str(exc))
            return await answer


def _work(host: str, loop: asyncio.AbstractEventLoop, future: asyncio.Future[tuple[str, ...] | OSError]) -> None:
    answer: tuple[str, ...] | OSError
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        answer = tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    except OSError as exc:
        answer = exc
    except UnicodeError as exc:
        answer = OSError(str(exc))
    # The loop is closed when the name server outlived the run.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, future, answer)


def _settle(future: asyncio.Future[tuple[str, ...] | OSError], answer: tuple[str, ...] | OSError) -> None:
    if not future.done():
        future.set_result(answer)
