"""Connections to numeric addresses: several raced, their bytes handed on as they arrive, never more than a bound held.

Not asyncio's streams: those cannot say whether unrequested bytes arrived, which a connection that is to
be used again must know, and they cost a copy more.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import TypeAlias, cast

from preflight.sources.limits import HEAD_START_S, READ_BYTES
from preflight.sources.request_log import log_dialling

OpenSocket: TypeAlias = Callable[[int, int, int], socket.socket]
"""Makes an unconnected socket from family, type and protocol."""


class Stream(asyncio.Protocol):
    """The bytes of one connection. The socket is left alone while ``READ_BYTES`` wait to be taken.

    After ``patience_s`` seconds without a byte that somebody waits for, the connection is lost; ``None``: never.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._arrived: list[bytes] = []
        self._held = 0
        self._ended = False
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.patience_s: float | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether the connection is open, and nothing has arrived that was not taken."""
        return not (self._ended or self._arrived)

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS, if the server has a certificate for ``host``. Raises ``OSError`` or ``ValueError``."""
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(self._transport, self, context, server_hostname=host)
        if secured is None:  # closed meanwhile
            raise ConnectionResetError
        self._transport = secured

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def read(self) -> bytes:
        """The bytes that have arrived, at least one; ``b""`` at the end.

        Raises ``TimeoutError`` where patience ends, and ``OSError`` if the connection broke.
        """
        if self.is_quiet:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = None if self.patience_s is None else loop.call_later(self.patience_s, self._lose_patience)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        data = self.take()
        if not data and self._failure is not None:
            raise (TimeoutError if isinstance(self._failure, TimeoutError) else ConnectionResetError) from self._failure
        return data

    def take(self) -> bytes:
        """The bytes that have arrived, without waiting for any."""
        data = b"".join(self._arrived)
        self._arrived.clear()
        if self._held > READ_BYTES:
            self._transport.resume_reading()
        self._held = 0
        return data

    def close(self) -> None:
        """At once: TLS says goodbye, and does not wait for the answer."""
        if not self._transport.is_closing():  # before Python 3.11.4, TLS that is closed twice cannot be aborted
            self._transport.close()
        self._transport.abort()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._arrived.append(data)
        self._held += len(data)
        if self._held > READ_BYTES:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._failure = self._failure or exc
        self._wake()

    def _lose_patience(self) -> None:
        self._failure = TimeoutError()
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def connect(addresses: Sequence[str], port: int, open_socket: OpenSocket) -> Stream:
    """A connection to the first of the numeric ``addresses`` that takes one. Raises the ``OSError`` of the last."""
    if len(addresses) == 1:
        connected = await _socket_to(addresses[0], port, open_socket)
    else:
        connected = await _raced(addresses, port, open_socket)
    try:
        _, stream = await asyncio.get_running_loop().create_connection(Stream, sock=connected)
    except BaseException:
        connected.close()
        raise
    return stream


async def _raced(addresses: Sequence[str], port: int, open_socket: OpenSocket) -> socket.socket:
    """RFC 8305: the next address has its turn when one failed, or has not answered for a moment."""
    waiting = interleaved(addresses)
    attempts: set[asyncio.Task[socket.socket]] = set()
    running: set[asyncio.Task[socket.socket]] = set()
    winner: asyncio.Task[socket.socket] | None = None
    failure = OSError("no address")
    try:
        while waiting or running:
            if waiting:
                attempt = asyncio.create_task(_socket_to(waiting.pop(0), port, open_socket))
                attempts.add(attempt)
                running.add(attempt)
            head_start = HEAD_START_S if waiting else None
            done, running = await asyncio.wait(running, timeout=head_start, return_when=asyncio.FIRST_COMPLETED)
            for attempt in done:
                error = attempt.exception()
                if error is None:
                    winner = attempt
                    return attempt.result()
                if not isinstance(error, OSError):
                    raise error
                failure = error
        raise failure
    finally:
        for attempt in attempts - {winner}:
            attempt.cancel()
            attempt.add_done_callback(_discard)


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


def interleaved(addresses: Sequence[str]) -> list[str]:
    """IPv6 and IPv4 by turns, beginning as the system does: one family alone may lead nowhere."""
    of_first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    others = [address for address in addresses if address not in of_first]
    return [address for address in chain.from_iterable(zip_longest(of_first, others)) if address]


async def _socket_to(address: str, port: int, open_socket: OpenSocket) -> socket.socket:
    log_dialling(address, port)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = open_socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.settimeout(0)
        await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made
