"""Runs a probe over a URL, with a few tens of kilobytes and one or two round trips.

It trusts neither the server nor the URL. A reading goes through the text policy and one bounded range request, and then
reads the spans that the probe asks for: by exact ranges or, where the server ignores them, from its one body
(``bodies.py``).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from functools import partial
from typing import Any, Generic, Self, TypeAlias, TypeVar

from preflight.errors import AddressRefused, HttpStatus, SourceChanged, SourceError, Unreachable
from preflight.model import MakeProbe, Probe, Reading, Span, SparseBytes, Transfer
from preflight.sources.bodies import RangedSource, RangesUnfit, asks_for_time
from preflight.sources.dns import Resolve, SystemNames
from preflight.sources.host import AllowedHost
from preflight.sources.http import Exchange
from preflight.sources.limits import MAX_SPANS, RemoteLimits
from preflight.sources.proxy import Proxy
from preflight.sources.ranges import content_length, part_of, unsatisfied_total
from preflight.sources.retries import Retries
from preflight.sources.streamed import StreamedSource
from preflight.sources.transport import OpenSocket, Transport
from preflight.sources.turns import Hosts, Visit, readings_at_once
from preflight.sources.url import RemoteUrl, locate
from preflight.tls import trusted_context

__all__ = ["RemoteLimits", "RemoteReader"]

_Facts = TypeVar("_Facts")
_Extra = TypeVar("_Extra")

OnBytes: TypeAlias = Callable[[RemoteUrl, int, int | None], object]
_Source: TypeAlias = RangedSource | StreamedSource


class RemoteReader:
    """Reads URLs, as many at a time as the process may open files for; one reader serves a run.

    ``allow``: hosts that may be private. ``resolve`` finds the addresses of a name (default: the system's way),
    ``open_socket`` makes the sockets that pass the guard, ``make_tls`` the TLS settings (made once, when first needed);
    ``clock`` measures, in seconds. ``proxy`` dials instead, once the addresses of a name have passed the guard here.
    ``hosts`` has the places at each host, which readers of one process share. ``on_bytes`` is called as bytes arrive,
    with the URL that was to be read, the bytes of this answer so far, and those that it announced.
    """

    def __init__(
        self,
        *,
        allow: Collection[AllowedHost] = (),
        limits: RemoteLimits | None = None,
        resolve: Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
        make_tls: Callable[[], ssl.SSLContext] = trusted_context,
        open_socket: OpenSocket = socket.socket,
        proxy: Proxy | None = None,
        hosts: Hosts | None = None,
        on_bytes: OnBytes | None = None,
    ) -> None:
        self._allow = frozenset(allow)
        self._limits = limits or RemoteLimits()
        self._names = SystemNames(clock)
        self._resolve = resolve or self._names
        self._clock = clock
        self._make_tls = make_tls
        self._tls: ssl.SSLContext | None = None
        self._places = asyncio.Semaphore(readings_at_once())
        self._open_socket = open_socket
        self._proxy = proxy
        self._hosts, self._on_bytes = hosts or Hosts(), on_bytes

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._names.close()

    async def read(
        self,
        url: str | RemoteUrl,
        make_probe: MakeProbe[_Facts],
        *,
        deep: bool = False,
        looks_cut: Callable[[_Facts], bool] = lambda _: False,
        then: Callable[[_Facts], MakeProbe[Any]] | None = None,
    ) -> Reading[_Facts]:
        """Run a probe over ``url``, or where it was found to lead.

        ``then`` makes another probe from the facts, whose result becomes the reading's ``extra``. It reads on over the
        same connection, within the same limits, and its failure changes nothing of the facts.

        A failure becomes the reading's ``fault``; no ``SourceError`` is raised. Optional spans are fetched only if
        ``deep``. Exceptions of the probe itself are not caught. Where ``looks_cut`` says that the facts suit a longer
        file, they are believed only if a plain GET states the same length.
        """
        try:
            target = url if isinstance(url, RemoteUrl) else locate(url, self._allow)
        except AddressRefused as refused:
            return Reading(facts=None, transfer=Transfer(), fetched=SparseBytes(), fault=refused)
        async with self._hosts.visit() as visit:
            await visit.first_turn(target.host)
            async with self._places:
                return await self._read(target, make_probe, looks_cut, visit, then, deep=deep)

    async def _read(
        self,
        target: RemoteUrl,
        make_probe: MakeProbe[_Facts],
        looks_cut: Callable[[_Facts], bool],
        visit: Visit,
        then: Callable[[_Facts], MakeProbe[Any]] | None,
        *,
        deep: bool,
    ) -> Reading[_Facts]:
        started = self._clock()
        transport = Transport(
            resolve=self._resolve,
            allow=self._allow,
            limits=self._limits,
            make_tls=self._shared_tls,
            open_socket=self._open_socket,
            proxy=self._proxy,
            visit=visit,
            user_agent=self._hosts.manners.user_agent,
        )
        retries = Retries(
            self._limits.retries, seconds_left=lambda: self._limits.deadline_s - (self._clock() - started)
        )
        exchange = Exchange(
            target,
            transport=transport,
            limits=self._limits,
            retries=retries,
            allow=self._allow,
            visit=visit,
            on_bytes=None if self._on_bytes is None else partial(self._on_bytes, target),
        )
        run = Run(exchange, make_probe, looks_cut, deep=deep)
        fault: SourceError | None = None
        facts: _Facts | None = None
        extra: Any = None
        fetched = SparseBytes()
        try:
            async with asyncio.timeout(self._limits.deadline_s) as visit.deadline:
                facts = await run.facts()
                fetched = run.source.fetched if run.source else fetched
                if then is not None:
                    extra = await run.read_on(then(facts))
        except TimeoutError:
            fault = exchange.unfinished() if facts is None else None
        except SourceError as exc:
            fault = exc
        finally:
            transport.close()
        return Reading(
            facts=facts,
            transfer=exchange.transfer(self._clock() - started, failed=fault is not None),
            fetched=run.source.fetched if run.source and facts is None else fetched,
            size_bytes=run.source.size_bytes if run.source else None,
            fault=fault,
            extra=extra,
        )

    def _shared_tls(self) -> ssl.SSLContext:
        # Loading the authorities takes some 20 ms: once a run, and never for http alone.
        if self._tls is None:
            self._tls = self._make_tls()
        return self._tls


class Run(Generic[_Facts]):
    """One reading: opens the source, drives the probe, and begins again where the file changed or its body broke."""

    def __init__(
        self, exchange: Exchange, make_probe: MakeProbe[_Facts], looks_cut: Callable[[_Facts], bool], *, deep: bool
    ) -> None:
        self.source: _Source | None = None
        self._exchange = exchange
        self._make_probe = make_probe
        self._looks_cut = looks_cut
        self._deep = deep

    async def facts(self) -> _Facts:
        has_changed = False
        while True:
            try:
                return await self._once()
            except SourceChanged:
                if has_changed:
                    raise
                has_changed = True
                self._exchange.restart()
            except Unreachable as fault:
                if not self._exchange.retries.after_break(fault):
                    raise
                self._exchange.restart(broke=True)

    async def read_on(self, make_probe: MakeProbe[_Extra]) -> _Extra | None:
        """The result of another probe over the same source, ``None`` where its bytes cannot be had.

        The bytes that decide are kept as they are: those that it is sent do not join them.
        """
        source = self.source
        assert source is not None, "there are facts"
        source.fetched = SparseBytes()
        with suppress(SourceError, RangesUnfit):
            return await self._drive(make_probe(source.size_bytes), source)
        return None

    async def _once(self) -> _Facts:
        try:
            self.source = source = await _opened(self._exchange)
            facts = await self._over(source)
            if self._looks_cut(facts):
                self.source = await _measured(self._exchange, source)
        except RangesUnfit as unfit:
            # From the beginning, and over one body: so that all bytes are of one version.
            self.source = source = await _whole_body(self._exchange, unfit)
            return await self._over(source)
        return facts if self.source is source else await self._over(self.source)

    async def _over(self, source: _Source) -> _Facts:
        size = source.size_bytes
        facts = await self._drive(self._make_probe(size), source)
        if size is None:
            await source.measure()
        if source.size_bytes != size:
            # Now that the size is known the probe can say more, unless it needs bytes that were dropped on the way.
            with suppress(Unreachable):
                facts = await self._drive(self._make_probe(source.size_bytes), source)
        return facts

    async def _drive(self, probe: Probe[_Extra], source: _Source) -> _Extra:
        with closing(probe):
            try:
                span = next(probe)
                for _ in range(MAX_SPANS):
                    span = probe.send(await source.read(span, deep=self._deep))
            except StopIteration as end:
                result: _Extra = end.value
                return result
        raise Unreachable(f"reading it takes more than {MAX_SPANS} spans")


async def _opened(exchange: Exchange) -> _Source:
    """The first request, and the kind of source that its answer makes; a second where the first leaves the size open.

    Raises ``RangesUnfit`` where the server may refuse nothing but the ranges.
    """
    asked = Span(0, exchange.limits.first_span_bytes)
    try:
        answer = await exchange.get(asked)
    except HttpStatus as fault:
        if asks_for_time(fault):
            raise
        raise RangesUnfit(fault) from fault
    source: _Source
    if answer.status == 416:
        answer.close()
        if unsatisfied_total(answer.headers.get("content-range")) == 0:
            return RangedSource(exchange, 0)
        raise RangesUnfit(Unreachable("the server refuses every range request, and the request for the whole file"))
    if answer.status == 206 or part_of(answer.status, answer.headers):
        source = await RangedSource.opened(exchange, answer, asked)
    else:
        source = StreamedSource(exchange, answer)
    # Servers that do not know the total may state the end of the part, or send the part as if it were the whole.
    is_open = source.size_bytes is None and isinstance(source, RangedSource)
    return await _measured(exchange, source) if is_open or source.size_bytes == asked.end else source


async def _measured(exchange: Exchange, source: _Source) -> _Source:
    """``source`` with the size that the server states for the whole file, or one over the whole file."""
    await source.settle()
    answer = await exchange.get_whole()
    if answer is None:
        return source
    size = content_length(answer.headers.get("content-length"))
    if size is not None and (size == source.size_bytes or source.size_bytes is None):
        answer.close()
        source.size_bytes = size
        return source
    return StreamedSource(exchange, answer)


async def _whole_body(exchange: Exchange, unfit: RangesUnfit) -> StreamedSource:
    """A source over the one body that the server sends of the whole file. Raises the fault of ``unfit`` without one."""
    answer = unfit.body or await exchange.get_whole()
    if answer is None:
        raise unfit.fault
    return StreamedSource(exchange, answer)
