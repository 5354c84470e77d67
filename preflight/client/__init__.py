"""The thin client of the service's API: wire shapes, and one implementation with a sync and an async face.

The decisions (which request to send, how to read an answer, whether and when to ask again) are written once, without
I/O, in ``calls.py``; ``Client`` and ``AsyncClient`` only carry them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.lazy import lazy_names

if TYPE_CHECKING:
    from preflight.client.aio import AsyncClient
    from preflight.client.auth import DEFAULT_BASE_URL, ApiKey, check_key, is_loopback
    from preflight.client.models import Credits, Task, TaskError, TaskStatus
    from preflight.client.retry import Backoff
    from preflight.client.sync import Client

_HOMES = {
    "preflight.client.aio": ("AsyncClient",),
    "preflight.client.auth": ("DEFAULT_BASE_URL", "ApiKey", "check_key", "is_loopback"),
    "preflight.client.models": ("Credits", "Task", "TaskError", "TaskStatus"),
    "preflight.client.retry": ("Backoff",),
    "preflight.client.sync": ("Client",),
}
"""Loaded on first use: the options of a command need the URL of the service, and not httpx2."""

__all__ = [
    "DEFAULT_BASE_URL",
    "ApiKey",
    "AsyncClient",
    "Backoff",
    "Client",
    "Credits",
    "Task",
    "TaskError",
    "TaskStatus",
    "check_key",
    "is_loopback",
]

__getattr__ = lazy_names(globals(), _HOMES)
