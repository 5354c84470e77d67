"""A socket that listens: for the receiver of callbacks, and for the sandbox."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from preflight.errors import ConfigurationError

_CONNECTIONS = 500


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """A socket that listens, and its URL; port 0 is a free one. Raises ``ConfigurationError``.

    An empty ``host`` is refused: the system takes it for every address of the machine.
    """
    if not host.strip():
        raise ConfigurationError("the address to listen on is empty: 127.0.0.1 is this machine, 0.0.0.0 every address")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's delay off: every answer would take 40 ms longer.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        if os.name == "posix":  # elsewhere the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_CONNECTIONS)
        except (OSError, OverflowError, TypeError, ValueError) as error:  # the last two: no name of a host
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            hint = "; give another --port, 0 for a free one" if getattr(error, "errno", 0) == errno.EADDRINUSE else ""
            raise ConfigurationError(f"cannot listen on {host} port {port}: {reason}{hint}") from error
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        yield listener, f"http://{shown}:{listener.getsockname()[1]}"
