"""Calls into an event loop from other threads, which wake it once for all that have come meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any


class LoopInbox:
    """Calls for one event loop, made in their order, each in the context of its caller, as a span has its parent there.

    Waking a loop costs more than most of the calls do.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: deque[tuple[Context, Callable[..., object], tuple[Any, ...]]] = deque()
        self._is_woken = False

    def put(self, function: Callable[..., object], *args: object) -> None:
        """Have ``function``, which raises nothing, called in the loop. Raises ``RuntimeError`` where that is closed."""
        self._calls.append((copy_context(), function, args))
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._make_calls)

    def _make_calls(self) -> None:
        self._is_woken = False  # first: a call that comes from now on may be too late for the loop below
        while self._calls:
            context, function, args = self._calls.popleft()
            context.run(function, *args)
