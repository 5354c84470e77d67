"""An HTTP proxy that connects wherever it is told to (on this machine only), or misbehaves by name."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from tests.servers.ending import end
from tests.servers.lying import server_tls

_REFUSALS = {
    "refuses": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "asks-who": b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
    "talks-on": b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "is-no-proxy": b"SSH-2.0-OpenSSH_9.6\r\n",
    "redirects": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
    "says-nothing": b"",
    "never-ends": b"HTTP/1.1 200 OK\r\n" + b"X-Many: and another one of them\r\n" * 3000,
}


@dataclass
class Proxying:
    """A running proxy. ``heads`` are the requests that it got, ``tunnels`` how many it made."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    tunnels: int = 0

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def asked_for(self) -> list[str]:
        """Where it was told to connect to."""
        return [head.split(" ")[1] for head in self.heads]


@contextmanager
def proxying(
    behaviour: str = "ok", *, to_port: int | None = None, password: str | None = None, tls: bool = False
) -> Iterator[Proxying]:
    """A proxy on a free port while the block runs.

    ``to_port``: where every tunnel leads, whatever name was asked for. ``password``: the value of
    ``Proxy-Authorization`` that it asks for.
    """
    proxy = Proxying()
    started, loop, ending = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    writers: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError), closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            proxy.heads.append(head)
            if password is not None and f"\r\nProxy-Authorization: {password}\r\n" not in head:
                writer.write(_REFUSALS["asks-who"])
            elif behaviour in _REFUSALS:
                writer.write(_REFUSALS[behaviour])
            elif behaviour == "stalls":
                await asyncio.sleep(60)
            else:
                port = to_port or int(head.split(" ")[1].rpartition(":")[2])
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"HTTP/1.0 200 Connection established\r\nVia: a proxy\r\n\r\n")
                proxy.tunnels += 1
                with closing(far_writer):
                    await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    async def serve() -> None:
        listener = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=server_tls() if tls else None)
        proxy.port = listener.sockets[0].getsockname()[1]
        started.set()
        await ending.wait()
        await end(listener, writers)

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    if not started.wait(10):
        raise RuntimeError("no proxy")
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
    finally:
        sink.close()
