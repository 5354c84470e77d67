"""Logs the client's requests, as ``preflight.client``: a line for each request at INFO, more at DEBUG.

Never a key, a query string, the value of a header, or a body.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from preflight.client.protocol import ApiResponse, Reply, Request
from preflight.client.refusals import request_id_of
from preflight.redact import one_line

_LOG = logging.getLogger("preflight.client")
_LOGGERS = tuple(
    name
    for http, core in (("httpx2", "httpcore2"), ("httpx", "httpcore"))
    for name in (http, *(f"{core}.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))
)


def log_sending(message: Any) -> None:
    """``message`` is about to leave."""
    if _LOG.isEnabledFor(logging.DEBUG):
        _LOG.debug("%s %s with %s", message.method, message.url, _names(message.headers))


def log_connection(response: Any) -> None:
    """``response`` has begun to arrive: from which address?"""
    stream = response.extensions.get("network_stream")
    if stream is None or not _LOG.isEnabledFor(logging.DEBUG):
        return
    with suppress(OSError):  # the other side may have gone already
        match stream.get_extra_info("server_addr"):
            case (str(host), int(port), *_):
                _LOG.debug("connected to %s port %d", host, port)


def log_reply(request: Request, base: str, reply: Reply, *, seconds: float) -> None:
    """``request`` to ``base`` ended with ``reply`` after ``seconds``."""
    if not _LOG.isEnabledFor(logging.INFO):
        return
    line = f"{request.method} {base}{request.path}"
    if not isinstance(reply, ApiResponse):
        _LOG.info("%s failed after %.0f ms: %s%s", line, seconds * 1000, reply.reason, _named(reply.request_id))
        _LOG.debug("because: %s", one_line(str(reply.cause)))
        return
    size = "too many" if reply.body is None else str(len(reply.body))
    named = _named(request_id_of(reply))
    _LOG.info("%s %d in %.0f ms, %s bytes%s", line, reply.status, seconds * 1000, size, named)
    _LOG.debug("answered with %s", _names(reply.headers))


def log_wait(seconds: float) -> None:
    """The next request is ``seconds`` away."""
    _LOG.debug("waiting %.1f s", seconds)


def log_attempt(number: int) -> None:
    """The paid request is about to be sent again."""
    _LOG.info("the service took nothing: sending the job again, attempt %d", number)


def _named(request_id: str | None) -> str:
    return f", request {request_id}" if request_id else ""


def _names(headers: Mapping[str, str]) -> str:
    return one_line(", ".join(headers))


_ours: ContextVar[bool] = ContextVar("preflight_request", default=False)


@contextmanager
def silenced_http_logs() -> Iterator[None]:
    """While it is entered, nothing that the HTTP libraries do in this thread or asyncio task is logged by them.

    Requests that others make with them at the same time are logged as ever.
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
