"""Calls into an event loop from other threads: each is made, in order, in the context of its caller."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

from preflight.checking.loop_inbox import LoopInbox

_PLACE: ContextVar[str] = ContextVar("_PLACE")


def test_calls_are_made_in_their_order_and_in_the_context_of_their_caller() -> None:
    seen: list[tuple[int, str]] = []

    async def run() -> None:
        inbox, is_done = LoopInbox(asyncio.get_running_loop()), asyncio.Event()

        def call() -> None:
            for number in range(1000):
                _PLACE.set(f"place {number}")
                inbox.put(lambda number=number: seen.append((number, _PLACE.get())))
            inbox.put(is_done.set)

        caller = threading.Thread(target=call)
        caller.start()
        await is_done.wait()
        caller.join()

    asyncio.run(asyncio.wait_for(run(), 60))
    assert seen == [(number, f"place {number}") for number in range(1000)]
