"""The remote reader: runs a probe over a URL, from a few tens of kilobytes and one or two round trips.

It trusts neither the server nor the URL. The way of a reading: text policy, one bounded range request, and then what
the probe asks for, by exact ranges (``bodies.py``) or, where the server knows none, from its one body
(``bodies.py``).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from types import TracebackType
from typing import Generic, Self, TypeAlias, TypeVar

from preflight.errors import AddressRefused, SourceChanged, SourceError, Unreachable
from preflight.model import MakeProbe, Probe, Reading, Span, SparseBytes, Transfer
from preflight.sources.bodies import RangedSource, StreamedSource
from preflight.sources.dns import Resolve, SystemNames
from preflight.sources.host import AllowedHost
from preflight.sources.http import Exchange
from preflight.sources.limits import MAX_SPANS, RemoteLimits
from preflight.sources.proxy import Proxy
from preflight.sources.ranges import unsatisfied_total
from preflight.sources.transport import OpenSocket, Transport
from preflight.sources.url import Target, locate
from preflight.tls import trusted_context

__all__ = ["RemoteLimits", "RemoteReader"]

_Facts = TypeVar("_Facts")

_Source: TypeAlias = RangedSource | StreamedSource


class RemoteReader:
    """Reads URLs, any number at a time; one reader serves a run.

    ``allow``: hosts that may be private. ``resolve`` finds the addresses of a name (default: the system's way),
    ``open_socket`` makes the sockets that pass the guard, ``make_tls`` the TLS settings (made once, when first needed);
    ``clock`` measures, in seconds. ``proxy`` dials instead, once the addresses of a name have passed the guard here.
    """

    def __init__(
        self,
        *,
        allow: Sequence[AllowedHost] = (),
        limits: RemoteLimits | None = None,
        resolve: Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
        make_tls: Callable[[], ssl.SSLContext] = trusted_context,
        open_socket: OpenSocket = socket.socket,
        proxy: Proxy | None = None,
    ) -> None:
        self._allow = tuple(allow)
        self._limits = limits or RemoteLimits()
        self._names = SystemNames(clock)
        self._resolve = resolve or self._names
        self._clock = clock
        self._make_tls = make_tls
        self._tls: ssl.SSLContext | None = None
        self._open_socket = open_socket
        self._proxy = proxy

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._names.close()

    async def read(self, url: str | Target, make_probe: MakeProbe[_Facts], *, deep: bool = False) -> Reading[_Facts]:
        """Run a probe over ``url``, or where it was found to lead.

        What goes wrong is the reading's ``fault``; no ``SourceError`` is raised. Optional spans are fetched only if
        ``deep``. What the probe itself raises is not caught.
        """
        started = self._clock()
        try:
            target = url if isinstance(url, Target) else locate(url, self._allow)
        except AddressRefused as refused:
            return Reading(facts=None, transfer=Transfer(), fetched=SparseBytes(), fault=refused)
        transport = Transport(
            resolve=self._resolve,
            allow=self._allow,
            limits=self._limits,
            make_tls=self._shared_tls,
            open_socket=self._open_socket,
            proxy=self._proxy,
        )
        exchange = Exchange(target, transport=transport, limits=self._limits, allow=self._allow)
        run = _Run(exchange, make_probe, deep=deep)
        fault: SourceError | None = None
        facts: _Facts | None = None
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                facts = await run.facts()
        except TimeoutError:
            fault = exchange.unfinished()
        except SourceError as exc:
            fault = exc
        finally:
            transport.close()
        return Reading(
            facts=facts,
            transfer=exchange.transfer(self._clock() - started),
            fetched=run.source.fetched if run.source else SparseBytes(),
            size_bytes=run.source.size_bytes if run.source else None,
            fault=fault,
        )

    def _shared_tls(self) -> ssl.SSLContext:
        # Loading the authorities takes some 20 ms: once a run, and never for http alone.
        if self._tls is None:
            self._tls = self._make_tls()
        return self._tls


class _Run(Generic[_Facts]):
    """One reading: opens the source, drives the probe, and begins again once if the file changed meanwhile."""

    def __init__(self, exchange: Exchange, make_probe: MakeProbe[_Facts], *, deep: bool) -> None:
        self.source: _Source | None = None
        self._exchange = exchange
        self._make_probe = make_probe
        self._deep = deep

    async def facts(self) -> _Facts:
        try:
            return await self._once()
        except SourceChanged:
            self._exchange.restart()
            return await self._once()

    async def _once(self) -> _Facts:
        if self.source is not None:
            await self.source.aclose()
        self.source = source = await _opened(self._exchange)
        try:
            size = source.size_bytes
            facts = await self._drive(self._make_probe(size), source)
            if size is None:
                await source.measure()
            if source.size_bytes != size:
                # Now that the size is known the probe can say more, unless it needs what was dropped on the way.
                with suppress(Unreachable):
                    facts = await self._drive(self._make_probe(source.size_bytes), source)
            return facts
        finally:
            await source.aclose()

    async def _drive(self, probe: Probe[_Facts], source: _Source) -> _Facts:
        with closing(probe):
            try:
                span = next(probe)
                for _ in range(MAX_SPANS):
                    span = probe.send(await source.read(span, deep=self._deep))
            except StopIteration as end:
                facts: _Facts = end.value
                return facts
        raise Unreachable(f"it takes more than {MAX_SPANS} spans to tell")


async def _opened(exchange: Exchange) -> _Source:
    """The first request, and the kind of source that its answer makes."""
    asked = Span(0, exchange.limits.first_span_bytes)
    answer = await exchange.get(asked)
    if answer.status == 206:
        return await RangedSource.opened(exchange, answer, asked)
    if answer.status == 416:
        answer.close()
        if unsatisfied_total(answer.headers.get("content-range")) == 0:
            return RangedSource(exchange, 0)
        answer = await exchange.get(None)
        if answer.status != 200:
            answer.close()
            raise Unreachable(f"the server answered {answer.status} to a request for the whole file")
    return await StreamedSource.opened(exchange, answer)
