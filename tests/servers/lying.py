"""A file server that misbehaves by name: ``/<behaviour>/<name>`` serves one file in one of many wrong ways.

    with serving({"x.mp4": data}) as server:
        server.url("ignores-range", "x.mp4")
        server.log.ranges("x.mp4")

``ok`` does everything right, ``refused`` is a port on which nobody listens; ``behaviours.py`` lists the others.
Arriving and leaving bytes are counted in ``server.log``.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.behaviours import behaviour_of
from tests.servers.ending import end
from tests.servers.wire import File, Hangup, Log, Turn

CERTIFICATE = Path(__file__).with_name("self-signed.pem")
"""Certificate and key of the TLS variant, for localhost, 127.0.0.1, ::1 and files.example."""

_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
}


class Server:
    """A running server. ``files`` and ``types`` (declared media types) are by name, and may change while it runs."""

    def __init__(self, files: Mapping[str, bytes | Path], types: Mapping[str, str], *, host: str, tls: bool) -> None:
        self.files = dict(files)
        self.types = dict(types)
        self.log = Log()
        self.host = host
        self.port = 0
        self._scheme = "https" if tls else "http"
        self._closed_port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def authority(self) -> str:
        """``HOST:PORT``, as ``--allow-host`` takes it."""
        return self._authority(self.port)

    def url(self, behaviour: str, name: str, query: str = "") -> str:
        """Where the file ``name`` is served with ``behaviour``."""
        port = self._closed_port if behaviour == "refused" else self.port
        return f"{self._scheme}://{self._authority(port)}/{behaviour}/{name}" + (f"?{query}" if query else "")

    def _authority(self, port: int) -> str:
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    def _file(self, name: str) -> File:
        declared = self.types.get(name) or _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        return File(content=self.files.get(name, b""), content_type=declared)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests are answered until a behaviour hangs up or the client leaves."""
        self.log.connections += 1
        self._writers.add(writer)
        try:
            with suppress(
                Hangup, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
            ):
                while True:
                    request = self.log.note(await reader.readuntil(b"\r\n\r\n"))
                    await behaviour_of(request.behaviour)(
                        Turn(request, self._file(request.name), reader, writer, self.log)
                    )
        finally:
            writer.close()
            self._writers.discard(writer)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen, in a thread of its own, while the block runs."""
        started = threading.Event()
        loop = asyncio.new_event_loop()
        ending = asyncio.Event()

        async def serve() -> None:
            tls = server_tls() if self._scheme == "https" else None
            listener = await asyncio.start_server(self._converse, self.host, 0, ssl=tls, backlog=256)
            self.port = listener.sockets[0].getsockname()[1]
            started.set()
            await ending.wait()
            await end(listener, self._writers)

        def run() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve())

        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as closed:
            # Bound and never listening: a connection to it is refused, and nobody else can have it.
            closed.bind((self.host, 0))
            self._closed_port = closed.getsockname()[1]
            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            if not started.wait(10):
                raise RuntimeError(f"no server on {self.host}")
            try:
                yield
            finally:
                loop.call_soon_threadsafe(ending.set)
                thread.join(10)


@contextmanager
def serving(
    files: Mapping[str, bytes | Path],
    *,
    types: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
    tls: bool = False,
) -> Iterator[Server]:
    """A server of ``files`` on a free port of ``host`` while the block runs. ``types`` overrides the declared types."""
    server = Server(files, types or {}, host=host, tls=tls)
    with server.running():
        yield server


def server_tls() -> ssl.SSLContext:
    """TLS with the certificate of the tests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context
