"""Keeps what httpx and httpcore would log of our requests out of every log.

httpx logs each URL at INFO, its query included, and the server's own words beside it; httpcore logs the headers of each
answer at DEBUG. The client says the same in its own log without what is secret (``log.py``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)

_ours: ContextVar[bool] = ContextVar("preflight_request", default=False)


@contextmanager
def hushed() -> Iterator[None]:
    """While it is entered, nothing that httpx does in this thread or asyncio task is logged by httpx or httpcore.

    Requests that others make with httpx at the same time are logged as ever.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_of_others)  # no more than once
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


def _is_of_others(_: logging.LogRecord) -> bool:
    return not _ours.get()
