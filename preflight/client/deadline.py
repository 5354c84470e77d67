"""A deadline for a whole exchange of the sync client: httpx's timeouts start again with every byte that drips in."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock, Timer
from types import TracebackType
from typing import Any, Self

from preflight.client.wire import Departure

_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete", "proxy.start_tls.complete"})


class Watchdog:
    """Cuts the connections of one request when its time is up; ``fired`` tells that it did.

    It learns of a connection through ``trace`` (httpx's request extension) when it is made, so it bounds a request that
    opens its own connection. A caller that reuses one hands it over with ``watch``. ``departure`` tells of the
    request itself.
    """

    def __init__(self, seconds: float) -> None:
        self.fired = False
        self.departure = Departure()
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self._timer = Timer(seconds, self._fire)
        self._timer.daemon = True

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """httpx's trace hook."""
        self.departure.trace(event, info)
        if event in _CONNECTED:
            self.watch(info["return_value"])

    def watch(self, stream: Any) -> None:
        """Cut the connection behind httpcore's ``stream`` too, when the time is up."""
        connection = stream.get_extra_info("socket") if stream is not None else None
        if isinstance(connection, socket.socket):
            with self._lock:
                self._sockets.append(connection)
                late = self.fired
            if late:
                _cut(connection)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()

    def _fire(self) -> None:
        with self._lock:
            self.fired = True
            sockets = tuple(self._sockets)
        for connection in sockets:
            _cut(connection)


def _cut(connection: socket.socket) -> None:
    # The plain socket's method: that of an SSLSocket drops the encryption first, while another thread may be writing.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
