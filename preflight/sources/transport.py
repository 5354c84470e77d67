"""httpx's transport interface over aiohttp, with the address guard at the place where sockets are made.

Why aiohttp: a request costs less than half of the processor time that httpx's own async transport takes, and
``TCPConnector(socket_factory=…)`` is called with the numeric address just before each connect, for names and for
literal addresses alike. Why not a ready-made bridge: a signed URL has to go on the wire byte for byte.

A transport serves one subject. So what it cost needs no bookkeeping elsewhere, its connections end with it, and nothing
is shared between servers. Making one takes some 30 µs.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeAlias

import aiohttp
import aiohttp.abc
import httpx
import yarl

from preflight.errors import AddressRefused
from preflight.sources.address import problem_of
from preflight.sources.host import AllowedHost
from preflight.sources.limits import MAX_ADDRESSES, READ_BYTES, RemoteLimits
from preflight.sources.log import log_dialling
from preflight.sources.names import Resolve

OpenSocket: TypeAlias = Callable[[int, int, int], socket.socket]
"""Makes an unconnected socket from family, type and protocol."""

_WORDS = {
    errno.ECONNREFUSED: "it is refused",
    errno.ECONNRESET: "it is reset",
    errno.EHOSTUNREACH: "there is no route to the host",
    errno.ENETUNREACH: "there is no route to the network",
    errno.ETIMEDOUT: "it takes too long",
}


def public_tls() -> ssl.SSLContext:
    """TLS as httpx does it: certifi's authorities, or those that ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` name."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Transport(httpx.AsyncBaseTransport):
    """One subject's connections. Bodies are never inflated, redirects never followed, cookies never kept.

    A request may name its exact target in ``extensions["target"]``, as in httpx. Raises httpx's transport errors, with
    texts for people and without addresses, and ``AddressRefused`` instead of connecting where the guard says no.
    ``requests`` and ``connections`` count what was sent and what was established.
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        allow: Sequence[AllowedHost] = (),
        limits: RemoteLimits | None = None,
        make_tls: Callable[[], ssl.SSLContext] = public_tls,
        open_socket: OpenSocket = socket.socket,
    ) -> None:
        limits = limits or RemoteLimits()
        self.requests = 0
        self.connections = 0
        self._make_tls = make_tls
        self._open_socket = open_socket
        self._opened = 0
        self._guarded = True
        self._refusal: AddressRefused | None = None
        self._allow = allow
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_GuardedNames(resolve, self._is_allowed),
                socket_factory=self._guarded_socket,
                use_dns_cache=False,
                limit=0,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),  # none: the reader's deadline covers everything
            auto_decompress=False,
            trust_env=False,
            read_bufsize=READ_BYTES,
            max_line_size=limits.header_bytes,
            max_field_size=limits.header_bytes,
            max_headers=limits.headers,
            middlewares=(self._attempt,),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, with its body still to be read. One request at a time."""
        kept_alive = self.connections
        try:
            return await self._send(request)
        except (httpx.ReadError, httpx.RemoteProtocolError):
            # A server may close an idle connection just as the next request leaves. A GET may be sent again.
            if request.method != "GET" or not kept_alive or self.connections > kept_alive:
                raise
        return await self._send(request)

    async def aclose(self) -> None:
        await self._session.close()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol(f"{url.scheme!r} is neither http nor https")
        target = request.extensions.get("target", url.raw_path).decode("ascii")
        port = url.port or (443 if url.scheme == "https" else 80)
        # The raw host: decoding an international name would fail for some that can be dialled.
        self._guarded = not self._is_allowed(url.raw_host.decode("ascii"), port)
        try:
            answer = await self._session.request(
                request.method,
                yarl.URL(f"{url.scheme}://{url.netloc.decode('ascii')}{target}", encoded=True),
                headers=request.headers.multi_items(),
                allow_redirects=False,
                ssl=self._make_tls() if url.scheme == "https" else True,
            )
        except (aiohttp.ClientError, OSError) as exc:
            raise _translated(exc) from None
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer), request=request)

    async def _attempt(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Count one request. Its errors are translated here, where aiohttp would send it again by itself."""
        self.requests += 1
        opened = self._opened
        connected = True
        try:
            return await handler(request)
        except (aiohttp.ClientError, OSError) as exc:
            connected = not isinstance(exc, aiohttp.ClientConnectorError)
            raise self._refusal or _translated(exc) from None
        finally:
            self.connections += connected and self._opened > opened

    def _is_allowed(self, host: str, port: int) -> bool:
        return any(allowed.allows(host, port) for allowed in self._allow)

    def _guarded_socket(self, address_info: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that is about to be dialled, if the guard lets it be."""
        family, kind, protocol, _, address = address_info
        if self._guarded:
            problem = problem_of(address[0]) or ("an address with a scope" if any(address[3:]) else None)
            if problem:
                self._refusal = AddressRefused(f"its host is {address[0]}, {problem}")
                # An OSError, because aiohappyeyeballs loses any other when it races two addresses.
                raise PermissionError(errno.EPERM, "refused")
        log_dialling(address[0], address[1])
        made = self._open_socket(family, kind, protocol)
        self._opened += 1
        return made


class _GuardedNames(aiohttp.abc.AbstractResolver):
    """Refuses a name as soon as one of its addresses is refused: the next look-up may return only that one."""

    def __init__(self, resolve: Resolve, is_allowed: Callable[[str, int], bool]) -> None:
        self._resolve = resolve
        self._is_allowed = is_allowed

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - aiohttp's interface; both are asked for
    ) -> list[aiohttp.abc.ResolveResult]:
        addresses = await self._resolve(host, port)
        if not addresses:
            raise OSError("no address")
        if not self._is_allowed(host, port):
            for address in addresses:
                problem = problem_of(address)
                if problem:
                    raise AddressRefused(f"its host {host} leads to {address}, {problem}")
        return [
            aiohttp.abc.ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses[:MAX_ADDRESSES]
        ]

    async def close(self) -> None:
        """Nothing is held."""


class _Body(httpx.AsyncByteStream):
    """The body as it comes, in pieces of whatever size has arrived."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._answer.content.readany()
        except (aiohttp.ClientError, OSError) as exc:
            self._answer.close()
            raise _translated(exc) from None
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Keeps the connection if the body was read to its end, drops it otherwise."""
        self._answer.close()


# The narrowest first.
_TRANSLATIONS: tuple[tuple[type[Exception], type[httpx.TransportError], str], ...] = (
    (aiohttp.ClientConnectorDNSError, httpx.ConnectError, "its name does not resolve"),
    (aiohttp.ClientConnectorCertificateError, httpx.ConnectError, "its certificate is not accepted"),
    (aiohttp.ClientConnectorSSLError, httpx.ConnectError, "no TLS connection could be made"),
    (aiohttp.ClientConnectorError, httpx.ConnectError, "no connection could be made"),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout, "no connection was made in time"),
    (TimeoutError, httpx.ReadTimeout, "no answer came in time"),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError, "the connection was closed before an answer came"),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError, "the connection was closed before the body ended"),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError, "the answer is not valid HTTP"),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol, "it is not a URL that can be dialled"),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol, "it is not a URL that can be dialled"),
)


def _translated(exc: aiohttp.ClientError | OSError) -> httpx.TransportError:
    """The narrowest error of httpx's tree, with a text for people that names neither address nor URL.

    It is raised ``from None``: the text of some of aiohttp's errors is the whole URL, and a traceback must not show it.
    """
    for kind, translation, text in _TRANSLATIONS:
        if isinstance(exc, kind):
            return translation(f"{text}: {reason}" if (reason := _reason(exc)) else text)
    return httpx.ReadError("the connection was reset")


def _reason(exc: Exception) -> str | None:
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return getattr(exc.certificate_error, "verify_message", None)
    if isinstance(exc, aiohttp.ClientConnectorError):
        return _WORDS.get(exc.os_error.errno or 0)
    return None
