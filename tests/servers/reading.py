"""Reading from a server in a test: the reader with small limits, sockets that stay on this machine, tiny probes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import TypeVar

from preflight.model import MakeProbe, Probe, Reading, Span
from preflight.sources.dns import Resolve
from preflight.sources.proxy import Proxy
from preflight.sources.remote import RemoteLimits, RemoteReader
from preflight.sources.transport import OpenSocket
from preflight.sources.url import AllowedHost
from preflight.tls import trusted_context
from tests.servers.lying import CERTIFICATE

Facts = TypeVar("Facts")

PUBLIC = "93.184.216.34"
"""A public address. Nothing is ever sent to it: ``Detour`` leads it back to this machine."""

QUICK = RemoteLimits(deadline_s=5)
"""For a reading that ends by itself, however busy the machine is."""

HASTY = RemoteLimits(deadline_s=0.4)
"""For a reading that only the deadline ends."""


def read(
    url: str,
    make_probe: MakeProbe[Facts],
    *,
    allow: Sequence[str] = ("127.0.0.1", "[::1]"),
    limits: RemoteLimits = QUICK,
    deep: bool = False,
    looks_cut: Callable[[Facts], bool] = lambda _: False,
    resolve: Resolve | None = None,
    open_socket: OpenSocket = socket.socket,
    make_tls: object = None,
    proxy: str | None = None,
) -> Reading[Facts]:
    """One reading, in a loop of its own."""

    async def run() -> Reading[Facts]:
        reader = RemoteReader(
            allow=[AllowedHost.parse(host) for host in allow],
            limits=limits,
            resolve=resolve,
            open_socket=open_socket,
            make_tls=make_tls if callable(make_tls) else trusted_context,
            proxy=None if proxy is None else Proxy.parse(proxy),
        )
        async with reader:
            return await reader.read(url, make_probe, deep=deep, looks_cut=looks_cut)

    return asyncio.run(run())


class Detour:
    """Opens sockets that connect to ``port`` of this machine whatever they are told, and records the address."""

    def __init__(self, port: int = 0) -> None:
        self.dialled: list[tuple[str, int]] = []
        self.opened = 0
        self.port = port

    def __call__(self, _family: int, kind: int, protocol: int) -> socket.socket:
        self.opened += 1
        detour = self

        class Detoured(socket.socket):
            def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
                detour.dialled.append(address[:2])
                super().connect(("127.0.0.1", detour.port))

        return Detoured(socket.AF_INET, kind, protocol)


def trusting() -> ssl.SSLContext:
    """TLS that accepts the test certificate, and checks names against it."""
    return ssl.create_default_context(cafile=CERTIFICATE)


def length_and_ends(size: int | None) -> Probe[tuple[int | None, bytes, bytes]]:
    """The size, the first and the last four bytes."""
    first = yield Span(0, 4)
    if size is None:
        return None, first, b""
    last = yield Span(max(size - 4, 0), size)
    return size, first, last


def reads(*spans: Span) -> MakeProbe[tuple[bytes, ...]]:
    """A probe that asks for these spans and returns their bytes."""

    def make(_size: int | None) -> Probe[tuple[bytes, ...]]:
        parts: list[bytes] = []
        for span in spans:
            part = yield span
            parts.append(part)
        return tuple(parts)

    return make
