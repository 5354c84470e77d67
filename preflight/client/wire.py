"""The part of carrying out a request that both faces share: headers, timeouts, and what a failure of httpx means."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx

from preflight.client.auth import ApiKey, base_of
from preflight.client.protocol import MAX_ANSWER_BYTES, Answer, Lost, Request
from preflight.client.refusals import request_id_of
from preflight.errors import ConfigurationError
from preflight.redact import NO_SECRETS, Secrets

CREATE_SECONDS = 180.0
"""The service reads the reference video before it answers; a create given up too early is money in doubt."""

QUERY_SECONDS = 30.0
MAX_SECONDS = 86_400.0

_CONNECT_SECONDS = 10.0
_MOST_CAUSES = 20
_NO_SUCCESS = 300
_SECRET_PART = 16
# With these nothing of the request can have left: there was no connection to write it to.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "the API at {address} cannot be reached: no connection in time"),
    (httpx.PoolTimeout, "the API at {address} cannot be reached: no free connection in time"),
    (httpx.ConnectError, "the API at {address} cannot be reached: the connection was not made"),
    (httpx.UnsupportedProtocol, "the API at {address} cannot be reached: its URL has no protocol that is spoken here"),
    (httpx.TimeoutException, "the API did not answer in time"),
    (httpx.RemoteProtocolError, "the API broke off its answer, or answered with something that is not HTTP"),
    (httpx.TransportError, "the connection to the API was lost"),
)


class Wire:
    """Turns a ``Request`` into httpx's, and what comes back into a reply. Holds the key, and shows it to no one."""

    __slots__ = ("_base", "_key", "_secrets")

    def __init__(self, key: ApiKey | str, base_url: str) -> None:
        self._key = key if isinstance(key, ApiKey) else ApiKey(key)
        self._secrets = Secrets([self._key.reveal()])
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

    def answer(self, response: httpx.Response, body: bytes, request: Request | None = None) -> Answer:
        """The answer that ``response`` is, with the key hidden wherever the service quotes it.

        An answer that is no success may quote the job, too: it loses what signs the URLs of ``request``.
        """
        secrets = self._secrets
        if request is not None and request.content is not None and response.status_code >= _NO_SUCCESS:
            secrets |= _secrets_in(request.content)
        return Answer(
            status=response.status_code,
            headers={secrets.hide(name.lower()): secrets.hide(value) for name, value in response.headers.items()},
            body=secrets.hide_bytes(body) if len(body) <= MAX_ANSWER_BYTES else None,
        )


def bound(timeout: float | None, usual: float) -> float:
    """``timeout``, or ``usual`` where it is ``None``, as a bound in seconds. Raises ``ConfigurationError``."""
    seconds = usual if timeout is None else timeout
    if not 0 < seconds <= MAX_SECONDS:  # nan is not, either
        raise ConfigurationError(f"a timeout is more than 0 and at most {MAX_SECONDS:g} seconds, not {seconds:g}")
    return seconds


def lost(request: Request, cause: Exception, *, base: str, overdue: bool, head: Answer | None = None) -> Lost:
    """What the failure ``cause`` of a transport means for ``request``; ``overdue`` if it was cut off for its time.

    ``base`` is the API's base URL, of which a message names host and port. ``head`` is the answer as far as it had
    come, if it had begun.
    """
    sent = not isinstance(cause, _NEVER_SENT)
    if overdue and sent:
        reason = f"the API did not answer within {request.within:g} s"
    else:
        reason = next((text for kind, text in _REASONS if isinstance(cause, kind)), "the exchange with the API failed")
        reason = reason.format(address=_address(base))
    return Lost(
        sent=sent,
        reason=reason,
        cause=_fit(cause),
        request_id=request_id_of(head) if head else None,
        ended=sent and not overdue and isinstance(cause, httpx.RemoteProtocolError),
    )


def _address(base: str) -> str:
    url = httpx.URL(base)
    host = url.netloc.decode("ascii")
    return host if url.port else f"{host}:{443 if url.scheme == 'https' else 80}"


def _secrets_in(content: bytes) -> Secrets:
    """What signs the URLs in the body of a job, and the path of its callback, which is a secret of its receiver."""
    secrets = NO_SECRETS
    waiting: list[object] = [json.loads(content)]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                waiting += fields.values()
                if isinstance(callback := fields.get("callback_url"), str):
                    secrets |= Secrets(part for part in callback.split("/")[3:] if len(part) >= _SECRET_PART)
            case list() as items:
                waiting += items
            case str(text) if "://" in text:
                secrets |= Secrets.of_url(text)
    return secrets


def _fit(cause: Exception) -> Exception:
    """``cause`` as it may be shown, which any traceback does.

    The frames of the HTTP libraries hold the key's header, and reporters of errors collect variables: they come off.
    The text of a breach of HTTP quotes what the server sent, or what it was sent: it is left out.
    """
    if isinstance(cause, httpx.ProtocolError):
        return type(cause)("what was sent is no HTTP")
    seen: BaseException | None = cause
    for _ in range(_MOST_CAUSES):
        if seen is None:
            break
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return cause
