"""Calls into an event loop from other threads, which wake it once for all that have come meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class LoopInbox:
    """Calls for one event loop, made in their order. Waking a loop costs more than most of the calls do."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._is_woken = False

    def put(self, function: Callable[..., object], *args: object) -> None:
        """Have ``function``, which raises nothing, called in the loop. Raises ``RuntimeError`` where that is closed."""
        self._calls.append((function, args))
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._make_calls)

    def _make_calls(self) -> None:
        self._is_woken = False  # first: a call that comes from now on may be too late for the loop below
        while self._calls:
            function, args = self._calls.popleft()
            function(*args)
