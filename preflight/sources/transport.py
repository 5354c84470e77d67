"""GETs over aiohttp, with the address guard at the place where sockets are made.

Why aiohttp: a request costs a fraction of the processor time that httpx's own async transport takes, and
``TCPConnector(socket_factory=…)`` is called with the numeric address just before each connect, for names and for
literal addresses alike. Why nothing of httpx around it: a signed URL has to go on the wire byte for byte, and loading
httpx takes as long as two round trips.

A transport serves one subject. So what it cost needs no bookkeeping elsewhere, its connections end with it, and nothing
is shared between servers. Making one takes some 15 µs.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

import aiohttp
import aiohttp.abc
import yarl

from preflight.errors import AddressRefused
from preflight.sources.address_guard import problem_of
from preflight.sources.dns import Resolve
from preflight.sources.host import AllowedHost
from preflight.sources.limits import MAX_ADDRESSES, READ_BYTES, RemoteLimits
from preflight.sources.request_log import log_dialling
from preflight.sources.url import Target

OpenSocket: TypeAlias = Callable[[int, int, int], socket.socket]
"""Makes an unconnected socket from family, type and protocol."""

_WORDS = {
    errno.ECONNREFUSED: "it is refused",
    errno.ECONNRESET: "it is reset",
    errno.EHOSTUNREACH: "there is no route to the host",
    errno.ENETUNREACH: "there is no route to the network",
    errno.ETIMEDOUT: "it takes too long",
}


class TransportError(Exception):
    """A request that got no whole answer. The text is for people and names neither address nor URL."""


class NotConnected(TransportError):
    """No connection was made: nothing was sent."""


class ConnectionBroken(TransportError):
    """The connection ended before the answer did, or what came over it is no HTTP."""


def public_tls() -> ssl.SSLContext:
    """TLS with certifi's authorities, or with those that ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` name."""
    import certifi  # noqa: PLC0415 - plain http needs no authorities

    named = ssl.get_default_verify_paths()  # the system's own paths, where the environment names none
    file = named.cafile if named.cafile != named.openssl_cafile else None
    folder = named.capath if named.capath != named.openssl_capath else None
    context = ssl.create_default_context(cafile=file or (None if folder else certifi.where()), capath=folder)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Answer:
    """Status and header fields of an answer, its body still to be read. Whoever gets one closes it.

    ``headers`` are by lower-case name; what stands several times is joined by commas (RFC 9110 §5.3).
    """

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.status: int = answer.status
        self.headers: Mapping[str, str] = _fields(answer.raw_headers)
        self._answer = answer

    async def read(self) -> bytes:
        """What has arrived of the body, at least one byte; ``b""`` at its end. Raises ``TransportError``."""
        try:
            return await self._answer.content.readany()
        except (aiohttp.ClientError, OSError) as exc:
            self._answer.close()
            raise _translated(exc) from None

    def close(self) -> None:
        """Keeps the connection if the body was read to its end, drops it otherwise."""
        self._answer.close()


class Transport:
    """One subject's connections. Bodies are never inflated, redirects never followed, cookies never kept.

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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def send(self, method: str, target: Target, headers: Mapping[str, str]) -> Answer:
        """The answer to one request, with its body still to be read. One request at a time.

        Raises ``TransportError``, and ``AddressRefused`` instead of connecting where the guard says no.
        """
        kept_alive = self.connections
        try:
            return await self._send(method, target, headers)
        except ConnectionBroken:
            # A server may close an idle connection just as the next request leaves. A GET may be sent again.
            if method != "GET" or not kept_alive or self.connections > kept_alive:
                raise
        return await self._send(method, target, headers)

    async def _send(self, method: str, target: Target, headers: Mapping[str, str]) -> Answer:
        if target.scheme not in {"http", "https"}:
            raise NotConnected(f"{target.scheme!r} is neither http nor https")
        self._guarded = not self._is_allowed(target.host, target.port)
        try:
            answer = await self._session.request(
                method,
                yarl.URL(target.url, encoded=True),
                headers={"Host": target.authority, **headers},
                allow_redirects=False,
                ssl=self._make_tls() if target.scheme == "https" else True,
            )
        except (aiohttp.ClientError, OSError) as exc:
            raise _translated(exc) from None
        return Answer(answer)

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


def _fields(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1").lower()
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        fields[key] = f"{fields[key]}, {text}" if key in fields else text
    return fields


# The narrowest first.
_TRANSLATIONS: tuple[tuple[type[Exception], type[TransportError], str], ...] = (
    (aiohttp.ClientConnectorDNSError, NotConnected, "its name does not resolve"),
    (aiohttp.ClientConnectorCertificateError, NotConnected, "its certificate is not accepted"),
    (aiohttp.ClientConnectorSSLError, NotConnected, "no TLS connection could be made"),
    (aiohttp.ClientConnectorError, NotConnected, "no connection could be made"),
    (aiohttp.ConnectionTimeoutError, NotConnected, "no connection was made in time"),
    (TimeoutError, ConnectionBroken, "no answer came in time"),
    (aiohttp.ServerDisconnectedError, ConnectionBroken, "the connection was closed before an answer came"),
    (aiohttp.ClientPayloadError, ConnectionBroken, "the connection was closed before the body ended"),
    (aiohttp.ClientResponseError, ConnectionBroken, "the answer is not valid HTTP"),
    (aiohttp.InvalidURL, NotConnected, "it is not a URL that can be dialled"),
    (aiohttp.NonHttpUrlClientError, NotConnected, "it is not a URL that can be dialled"),
)


def _translated(exc: aiohttp.ClientError | OSError) -> TransportError:
    """``exc`` as one of ours. It is raised ``from None``: the text of some of aiohttp's errors is the whole URL, and a
    traceback must not show it.
    """
    for kind, translation, text in _TRANSLATIONS:
        if isinstance(exc, kind):
            return translation(f"{text}: {reason}" if (reason := _reason(exc)) else text)
    return ConnectionBroken("the connection was reset")


def _reason(exc: Exception) -> str | None:
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return getattr(exc.certificate_error, "verify_message", None)
    if isinstance(exc, aiohttp.ClientConnectorError):
        return _WORDS.get(exc.os_error.errno or 0)
    return None
