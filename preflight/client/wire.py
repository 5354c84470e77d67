"""The part of carrying out a request that both faces share: headers, timeouts, and the meaning of a failure of HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx2

from preflight.client.auth import ApiKey, base_of
from preflight.client.http_library import kinds_of
from preflight.client.protocol import MAX_ANSWER_BYTES, ApiResponse, Lost, Request
from preflight.client.refusals import request_id_of
from preflight.client.system_proxy import SystemProxy, proxy_for
from preflight.errors import ConfigurationError
from preflight.redact import NO_SECRETS, Secrets

CREATE_SECONDS = 180.0
"""The service reads the reference video before it answers; giving up a create too early leaves money in doubt."""

QUERY_SECONDS = 30.0
MAX_SECONDS = 86_400.0

_CONNECT_SECONDS = 10.0
_MOST_CAUSES = 20
_NO_SUCCESS = 300
_SECRET_PART = 16
# With these nothing of the request can have left: there was no connection to write it to.
_NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}

_UNREACHABLE = "the API at {address} cannot be reached{via}: "
_REASONS: tuple[tuple[str, str], ...] = (
    ("ConnectTimeout", _UNREACHABLE + "no connection in time"),
    ("PoolTimeout", _UNREACHABLE + "no free connection in time"),
    ("ConnectError", _UNREACHABLE + "the connection was not made"),
    ("ProxyError", _UNREACHABLE + "the proxy refuses to connect{status}"),
    ("UnsupportedProtocol", _UNREACHABLE + "its URL has an unsupported protocol"),
    ("TimeoutException", "the API did not answer in time"),
    ("RemoteProtocolError", "the API broke off its answer, or answered with something that is not HTTP"),
    ("TransportError", "the connection to the API was lost"),
)
_IN_TUNNEL = _UNREACHABLE + "the proxy did not make the connection"
_PROXY_STATUS = re.compile(r"[1-9][0-9]{2}\b", re.ASCII)


class Wire:
    """Turns a ``Request`` into the library's, and the result into a reply. Holds the key, and shows it to no one.

    Without a key the request is anonymous. ``proxied`` is whether the proxy that the system names is used.
    """

    __slots__ = ("_base", "_key", "_secrets", "proxy")

    def __init__(self, key: ApiKey | str | None, base_url: str, *, proxied: bool = True) -> None:
        self._key = key if isinstance(key, ApiKey) or key is None else ApiKey(key)
        self._secrets = NO_SECRETS if self._key is None else Secrets([self._key.reveal()])
        self._base = base_of(base_url)
        self.proxy: SystemProxy | None = proxy_for(self._base) if proxied else None

    def __repr__(self) -> str:
        return f"Wire({self._base!r})"

    @property
    def base(self) -> str:
        """The API's base URL, without a final slash."""
        return self._base

    def account(self, keyed_hash: Callable[[str], str]) -> str:
        """Tells this key from others: ``keyed_hash`` of it, so that the key itself never leaves."""
        return keyed_hash("" if self._key is None else self._key.reveal())

    def request(
        self, request: Request, extensions: Mapping[str, object] | None = None, *, library: ModuleType = httpx2
    ) -> Any:
        """The request to send. Made here and not by an HTTP client, whose base URL, headers and cookies would join."""
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}
        headers |= {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "media-preflight"}
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        # Waiting for a free connection, connecting and TLS end before the whole does: then nothing was sent, for sure.
        early = min(_CONNECT_SECONDS, request.within / 4)
        timeout = {"connect": early, "read": request.within, "write": request.within, "pool": early}
        return library.Request(
            request.method,
            self._base + request.path,
            headers=headers,
            content=request.content,
            extensions={"timeout": timeout, **(extensions or {})},
        )

    def answer(self, response: Any, body: bytes, request: Request | None = None) -> ApiResponse:
        """The answer that ``response`` is, with the key hidden wherever the service quotes it.

        An answer that is not a success may quote the job, too: the signatures of the URLs of ``request`` are hidden.
        """
        secrets = self._secrets
        if request is not None and request.content is not None and response.status_code >= _NO_SUCCESS:
            secrets |= _secrets_in(request.content)
        return ApiResponse(
            status=response.status_code,
            headers={secrets.hide(name.lower()): secrets.hide(value) for name, value in response.headers.items()},
            body=secrets.hide_bytes(body) if len(body) <= MAX_ANSWER_BYTES else None,
        )

    def lost(
        self, request: Request, cause: Exception, *, overdue: bool, head: ApiResponse | None, departure: Departure
    ) -> Lost:
        """The meaning of a transport's failure ``cause`` for ``request``; ``overdue`` if it was cut off for its time.

        ``head`` is the answer as far as it had come, if it had begun.
        """
        kinds = kinds_of(cause)
        sent = not (kinds & _NEVER_SENT or departure.tunnel_only)
        if overdue and sent:
            reason = f"the API did not answer within {request.within:g} s"
        elif departure.tunnel_only and not kinds & _NEVER_SENT:
            reason = _IN_TUNNEL
        else:
            reason = next((text for kind, text in _REASONS if kind in kinds), "the exchange with the API failed")
        status = _PROXY_STATUS.match(str(cause))
        return Lost(
            sent=sent,
            reason=reason.format(
                address=_address(self._base),
                via=f" through the proxy {self.proxy.address}" if self.proxy else "",
                status=f" ({status[0]})" if status else "",
            ),
            cause=_fit(cause, kinds),
            request_id=request_id_of(head) if head else None,
        )


@dataclass(slots=True)
class Departure:
    """Whether a request began to leave, as the HTTP library's trace tells; asking a proxy for a tunnel is not that."""

    asked_for_tunnel: bool = False
    left: bool = False

    @property
    def tunnel_only(self) -> bool:
        """Whether nothing was sent but the request for a tunnel to a proxy."""
        return self.asked_for_tunnel and not self.left

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            if getattr(info.get("request"), "method", None) == b"CONNECT":
                self.asked_for_tunnel = True
            else:
                self.left = True

    async def trace_async(self, event: str, info: Mapping[str, Any]) -> None:
        """The same for asyncio, where the library awaits it."""
        self.trace(event, info)


def bound(timeout: float | None, usual: float) -> float:
    """``timeout``, or ``usual`` where it is ``None``, as a bound in seconds. Raises ``ConfigurationError``."""
    seconds = usual if timeout is None else timeout
    if not 0 < seconds <= MAX_SECONDS:  # nan is not, either
        raise ConfigurationError(f"a timeout is more than 0 and at most {MAX_SECONDS:g} seconds, not {seconds:g}")
    return seconds


def _address(base: str) -> str:
    url = httpx2.URL(base)
    host = url.netloc.decode("ascii")
    return host if url.port else f"{host}:{443 if url.scheme == 'https' else 80}"


def _secrets_in(content: bytes) -> Secrets:
    """The signatures of the URLs in a job's body, and the path of its callback, which is a secret of its receiver."""
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


def _fit(cause: Exception, kinds: frozenset[str]) -> Exception:
    """``cause`` as it may be shown, which any traceback does.

    The frames of the HTTP libraries hold the key's header, and reporters of errors collect variables: they come off.
    The text of a breach of HTTP or of a proxy quotes what the server sent, or what it was sent: it is left out.
    """
    if kinds & {"ProtocolError", "ProxyError"}:
        text = "the proxy refused" if "ProxyError" in kinds else "the exchange is not valid HTTP"
        return type(cause)(text)
    seen: BaseException | None = cause
    for _ in range(_MOST_CAUSES):
        if seen is None:
            break
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return cause
