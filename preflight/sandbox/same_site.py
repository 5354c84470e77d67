"""Keeps web pages out of the servers of this machine: a page may send requests anywhere, and point its own name here.

A request from a page says so (``Origin``, ``Sec-Fetch-Site``), and after DNS rebinding it names the page's host in
``Host``. Fetch Standard, section 3.2; RFC 9110, section 7.2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

_Message: TypeAlias = MutableMapping[str, Any]
_App: TypeAlias = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]

_REFUSED: Final = b'{"error": {"code": "forbidden", "message": "web pages may not send requests", "type": "sandbox"}}'
_OF_A_PAGE: Final = frozenset({"cross-site", "same-site"})


class SameSite:
    """Passes requests of programs, and of pages of the server itself, on to ``app``; answers 403 to the rest.

    ``Host`` has to be an address, ``host``, or a name without a dot, such as ``localhost`` or a container's: on the
    internet nobody can point one of these here.
    """

    def __init__(self, app: _App, *, host: str) -> None:
        self._app = app
        self._host = host.strip("[]").lower()

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http" or self._is_welcome(scope["headers"]):
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_REFUSED)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": _REFUSED})

    def _is_welcome(self, headers: list[tuple[bytes, bytes]]) -> bool:
        def values(name: bytes) -> list[str]:
            return [value.decode("latin-1").strip().lower() for each, value in headers if each.lower() == name]

        hosts = values(b"host")
        if len(hosts) != 1 or not self._is_here(hosts[0]) or _OF_A_PAGE & {*values(b"sec-fetch-site")}:
            return False
        return all(origin == f"http://{hosts[0]}" for origin in values(b"origin"))

    def _is_here(self, authority: str) -> bool:
        try:
            split = urlsplit(f"http://{authority}")
            host = split.hostname or ""
            _ = split.port  # raises unless it is a port
        except ValueError:
            return False
        if split.netloc != authority or "@" in authority:
            return False
        return host == self._host or _is_address(host) or (host != "" and "." not in host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
