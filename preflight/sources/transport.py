"""GETs of one subject: the address guard, in the one place where an address is chosen to be dialled, and the counting.

A transport serves one subject, on one connection at a time. So its cost needs no bookkeeping elsewhere, nothing is
shared between servers, and no request is sent that was not counted.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Self

from preflight.errors import AddressRefused, ConfigurationError
from preflight.sources.address_guard import problem_of
from preflight.sources.connection import (
    Connection,
    ConnectionBroken,
    NotConnected,
    Response,
    TransportError,
)
from preflight.sources.dns import Resolve
from preflight.sources.host import AllowedHost, is_allowed
from preflight.sources.limits import MAX_ADDRESSES, RemoteLimits
from preflight.sources.manners import USER_AGENT
from preflight.sources.proxy import Proxy
from preflight.sources.sockets import OpenSocket, Stream, connect
from preflight.sources.turns import Hosts, Visit
from preflight.sources.url import RemoteUrl
from preflight.tls import trusted_context

__all__ = [
    "ConnectionBroken",
    "NotConnected",
    "OpenSocket",
    "Response",
    "Transport",
    "TransportError",
]

_WORDS = {
    errno.ECONNREFUSED: "it is refused",
    errno.ECONNRESET: "it is reset",
    errno.EHOSTUNREACH: "there is no route to the host",
    errno.ENETUNREACH: "there is no route to the network",
    errno.ETIMEDOUT: "it takes too long",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}
_PASSING = frozenset({errno.ECONNRESET, errno.ETIMEDOUT})


class Transport:
    """One subject's connection. Bodies are never inflated, redirects never followed, cookies never kept.

    ``requests`` and ``connections`` count what was sent and what was established. After ``patience_s`` seconds of
    silence a connection, or the making of one, is given up (``None``: never).
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        allow: Collection[AllowedHost] = (),
        limits: RemoteLimits | None = None,
        make_tls: Callable[[], ssl.SSLContext] = trusted_context,
        open_socket: OpenSocket = socket.socket,
        proxy: Proxy | None = None,
        visit: Visit | None = None,
        user_agent: str = USER_AGENT,
    ) -> None:
        self.requests = 0
        self.connections = 0
        self.patience_s: float | None = None
        self._resolve = resolve
        self._allow = allow
        self._limits = limits or RemoteLimits()
        self._make_tls = make_tls
        self._open_socket = open_socket
        self._proxy = proxy
        self._visit = visit or Hosts().visit()
        self._user_agent = user_agent
        self._connection: Connection | None = None
        self._origin: tuple[str, str, int] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def uses_proxy(self) -> bool:
        return self._proxy is not None

    async def send(self, method: str, target: RemoteUrl, headers: Mapping[str, str]) -> Response:
        """The answer to one request, with its body still to be read. One request at a time.

        Raises ``TransportError``, and ``AddressRefused`` instead of connecting where the guard says no.
        """
        if target.scheme not in {"http", "https"}:
            raise NotConnected(f"{target.scheme!r} is neither http nor https")
        headers = {"Host": target.authority, "User-Agent": self._user_agent, **headers}
        kept = self._kept_for(target)
        await self._visit.turn(target.host)
        self.requests += 1
        if kept is not None:
            kept.stream.patience_s = self.patience_s
            try:
                return await kept.ask(method, target.path, headers)
            except ConnectionBroken as broken:
                # A server may close an idle connection just as the next request leaves. A GET may be sent again.
                if method != "GET" or not broken.unanswered:
                    raise
            self.requests += 1
        self._connection = await self._connected(target)
        return await self._connection.ask(method, target.path, headers)

    def _kept_for(self, target: RemoteUrl) -> Connection | None:
        """The connection of the request before, if it leads to the same server and is fit for another."""
        origin = (target.scheme, target.host, target.port)
        if self._connection is not None and self._origin == origin and self._connection.is_reusable:
            return self._connection
        self.close()
        self._origin = origin
        return None

    async def _connected(self, target: RemoteUrl) -> Connection:
        addresses = await self._permitted(target.host, target.port)
        proxy = self._proxy
        if proxy is None:
            stream = await self._dialled(addresses, target.port, "no connection could be made")
        else:
            addresses = await self._addresses_of(proxy.host, proxy.port, "the name of the proxy does not resolve")
            stream = await self._dialled(addresses, proxy.port, "no connection to the proxy could be made")
        try:
            if proxy is not None:
                if proxy.scheme == "https":
                    await self._secure(stream, proxy.host, "the proxy's")
                tunnel = Connection(stream, self._limits)
                await _tunnel(tunnel, proxy, target.host, target.port, self._user_agent)
            if target.scheme == "https":
                await self._secure(stream, target.host)
        except BaseException:
            stream.close()
            raise
        return Connection(stream, self._limits)

    async def _permitted(self, host: str, port: int) -> Sequence[str]:
        """The addresses of ``host``, if all may be dialled: the next look-up may return only one that may not."""
        addresses = await self._addresses_of(host, port, "its name does not resolve")
        if not is_allowed(host, port, self._allow):
            for address in addresses:
                problem = problem_of(address)
                if problem:
                    leads = "is" if address == host else f"{host} leads to"
                    raise AddressRefused(f"its host {leads} {address}, {problem}")
        return addresses

    async def _addresses_of(self, host: str, port: int, unknown: str) -> Sequence[str]:
        if _is_numeric(host):
            return [host]
        try:
            addresses = await self._resolve(host, port)
        except OSError:
            raise NotConnected(unknown) from None
        if not addresses:
            raise NotConnected(unknown)
        return addresses

    async def _dialled(self, addresses: Sequence[str], port: int, failed: str) -> Stream:
        try:
            async with asyncio.timeout(self.patience_s):
                stream = await connect(addresses[:MAX_ADDRESSES], port, self._open_socket)
        except OSError as exc:
            code = errno.ETIMEDOUT if isinstance(exc, TimeoutError) else exc.errno or 0
            words = _WORDS.get(code)
            raise NotConnected(f"{failed}: {words}" if words else failed, passing=code in _PASSING) from None
        self.connections += 1
        stream.patience_s = self.patience_s
        return stream

    async def _secure(self, stream: Stream, host: str, whose: str = "its") -> None:
        try:
            async with asyncio.timeout(self.patience_s):
                await stream.secure(self._make_tls(), host)
        except ssl.SSLCertVerificationError as exc:
            raise NotConnected(f"{whose} certificate is not accepted: {exc.verify_message}") from None
        except (OSError, ValueError) as exc:
            passing = isinstance(exc, TimeoutError | ConnectionResetError)
            raise NotConnected("no TLS connection could be made", passing=passing) from None
        except ConfigurationError as exc:
            raise NotConnected(str(exc)) from exc


async def _tunnel(connection: Connection, proxy: Proxy, host: str, port: int, user_agent: str) -> None:
    """Have the proxy connect to ``host``: then the stream of ``connection`` leads there. Raises ``NotConnected``."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = {"Host": authority, "User-Agent": user_agent}
    if proxy.authorization is not None:
        headers["Proxy-Authorization"] = proxy.authorization
    try:
        answer = await connection.ask("CONNECT", authority, headers)
    except ConnectionBroken as exc:
        raise NotConnected(f"the proxy did not connect: {exc}") from None
    if answer.status == 407:
        raise NotConnected("the proxy did not connect: it asks for a user name and a password (407)")
    if not 200 <= answer.status < 300:
        raise NotConnected(f"the proxy did not connect: it answered {answer.status}")
    if not connection.is_silent:
        raise NotConnected("the proxy did not connect: its answer has a body")


@lru_cache(maxsize=256)
def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
