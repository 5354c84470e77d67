"""The part of carrying out a request that both faces share: headers, timeouts, and what a failure of httpx means."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from preflight.client.exchange import MAX_ANSWER_BYTES, Answer, Lost, Request
from preflight.client.key import ApiKey
from preflight.client.origin import base_of

CREATE_SECONDS = 180.0
"""The service reads the reference video before it answers; a create given up too early is money in doubt."""

QUERY_SECONDS = 30.0

_CONNECT_SECONDS = 10.0
_MASK = "sk-…".encode()
# With these nothing of the request can have left: there was no connection to write it to.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "the API cannot be reached: no connection in time"),
    (httpx.PoolTimeout, "the API cannot be reached: no free connection in time"),
    (httpx.ConnectError, "the API cannot be reached: the connection was not made"),
    (httpx.UnsupportedProtocol, "the API cannot be reached: its URL has no protocol that is spoken here"),
    (httpx.TimeoutException, "the API did not answer in time"),
    (httpx.RemoteProtocolError, "the API broke off its answer, or answered with something that is not HTTP"),
    (httpx.TransportError, "the connection to the API was lost"),
)


class Wire:
    """Turns a ``Request`` into httpx's, and what comes back into a reply. Holds the key, and shows it to no one."""

    __slots__ = ("_base", "_key")

    def __init__(self, key: ApiKey | str, base_url: str) -> None:
        self._key = key if isinstance(key, ApiKey) else ApiKey(key)
        self._base = base_of(base_url)

    def __repr__(self) -> str:
        return f"Wire({self._base!r})"

    @property
    def base(self) -> str:
        """The API's base URL, without a final slash."""
        return self._base

    def request(self, request: Request, extensions: Mapping[str, object] | None = None) -> httpx.Request:
        """The request to send. Made here and not by an httpx client, whose base URL, headers and cookies would join."""
        headers = {
            "Authorization": f"Bearer {self._key.reveal()}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "media-preflight",
        }
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        # Waiting for a free connection, connecting and TLS end before the whole does: then nothing was sent, for sure.
        early = min(_CONNECT_SECONDS, request.within / 4)
        timeout = httpx.Timeout(request.within, connect=early, pool=early)
        return httpx.Request(
            request.method,
            self._base + request.path,
            headers=headers,
            content=request.content,
            extensions={"timeout": timeout.as_dict(), **(extensions or {})},
        )

    def answer(self, response: httpx.Response, body: bytes) -> Answer:
        """The answer that ``response`` is, with the key masked wherever the service quotes it."""
        key = self._key.reveal()
        return Answer(
            status=response.status_code,
            headers={name.lower(): value.replace(key, _MASK.decode()) for name, value in response.headers.items()},
            body=body.replace(key.encode(), _MASK) if len(body) <= MAX_ANSWER_BYTES else None,
        )


def lost(request: Request, cause: Exception, *, overdue: bool) -> Lost:
    """What the failure ``cause`` of a transport means for ``request``; ``overdue`` if it was cut off for its time."""
    sent = not isinstance(cause, _NEVER_SENT)
    if overdue and sent:
        return Lost(sent=True, reason=f"the API did not answer within {request.within:g} s", cause=cause)
    reason = next((text for kind, text in _REASONS if isinstance(cause, kind)), "the exchange with the API failed")
    return Lost(sent=sent, reason=reason, cause=cause)
