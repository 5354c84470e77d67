"""Ends a server of asyncio with all its connections: what is left over would fail whichever test runs meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

_TICKS, _TICK_S = 500, 0.01


async def end(server: asyncio.Server, writers: Iterable[asyncio.StreamWriter]) -> None:
    """Close ``server`` and its connections, those with a handshake under way as well, whose clients have left."""
    server.close()
    for writer in list(writers):
        with suppress(AttributeError):  # before Python 3.11.4, of TLS that was closed twice
            writer.transport.abort()
    for _ in range(_TICKS):
        if not server._active_count:  # type: ignore[attr-defined]  # before Python 3.13, nothing public tells
            return
        await asyncio.sleep(_TICK_S)
