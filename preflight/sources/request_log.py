"""Logs the requests of the remote reader, as ``preflight.sources``.

Never a query string, which may sign the URL, nor the value of a header.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from preflight.redact import Secrets, redact
from preflight.sources.ranges import content_length
from preflight.sources.url import RemoteUrl

_LOG = logging.getLogger("preflight.sources")
_REQUEST_IDS = ("x-amz-request-id", "x-request-id", "x-ms-request-id", "cf-ray")


class _Head(Protocol):
    """Status and header fields of an answer, by lower-case name."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


def log_dialling(host: str, port: object) -> None:
    """A connection to the address ``host`` is about to be made."""
    _LOG.debug("dialling %s port %s", host, port)


def log_wait(status: int, seconds: float) -> None:
    """A request that was answered with ``status`` is about to be sent again, after so many seconds."""
    _LOG.info("asking again after %d, in %.1f s", status, seconds)


def log_outcome(target: RemoteUrl, asked: str | None, outcome: _Head | Exception, *, seconds: float) -> None:
    """A GET of ``target``, for the range ``asked``, ended with the head of an answer or an error after ``seconds``."""
    if not _LOG.isEnabledFor(logging.INFO):
        return
    line = f"GET {redact(target.url)} {asked or 'whole'}"
    if isinstance(outcome, Exception):
        _LOG.info("%s failed after %.0f ms: %s", line, seconds * 1000, outcome)
        return
    headers = outcome.headers
    announced = content_length(headers.get("content-length"))
    named = next(filter(None, map(headers.get, _REQUEST_IDS)), None)
    _LOG.info(
        "%s %d after %.0f ms, %s bytes announced%s",
        line,
        outcome.status,
        seconds * 1000,
        "no" if announced is None else announced,
        f", request {_told(named, target)}" if named else "",
    )
    _LOG.debug("answered with %s", _told(", ".join(headers), target))


def _told(text: str, target: RemoteUrl) -> str:
    """The server's ``text``, without the signature of the URL, which it may repeat."""
    return redact(text, Secrets.of_url(target.url))
