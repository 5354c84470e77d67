"""Serves the sandbox, or a folder of media, on this machine: in a thread or in the foreground."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from preflight.callbacks.listening import listening
from preflight.client.auth import is_loopback
from preflight.errors import ConfigurationError
from preflight.sandbox.admin import Admin
from preflight.sandbox.billing import Clock
from preflight.sandbox.callbacks import Callbacks
from preflight.sandbox.config import Options
from preflight.sandbox.faults import Faults
from preflight.sandbox.same_site import SameSite
from preflight.sandbox.service import Service
from preflight.sandbox.state import Book


@contextmanager
def serve(options: Options, *, host: str = "127.0.0.1", port: int = 0, allow_public: bool = False) -> Iterator[str]:
    """A sandbox in a thread, as long as the context lasts. Yields its base URL; port 0 is a free one.

    An address that others can reach is refused unless ``allow_public``. Raises ``ConfigurationError``.
    """
    with (
        _listening(host, port, allow_public=allow_public) as (listener, url),
        _opened(options) as book,
        _running(create_app(options, book, url=url, host=host), listener),
    ):
        yield url


def run(
    options: Options,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_public: bool = False,
    on_ready: Callable[[str], object] | None = None,
) -> None:
    """A sandbox in the foreground, until the process is told to end; an interrupt comes out as ``KeyboardInterrupt``.

    ``on_ready`` is called with the base URL. Otherwise as ``serve``.
    """
    with _listening(host, port, allow_public=allow_public) as (listener, url), _opened(options) as book:
        server = _server(create_app(options, book, url=url, host=host))
        if on_ready is not None:
            on_ready(url)
        server.run(sockets=[listener])


@contextmanager
def serve_media(folder: Path, *, host: str = "127.0.0.1", port: int = 0, allow_public: bool = False) -> Iterator[str]:
    """The files of ``folder`` over HTTP, with ranges, in a thread. Yields the base URL. Otherwise as ``serve``."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder")
    app = Starlette(
        routes=[Mount("/", StaticFiles(directory=folder))],
        middleware=[Middleware(SameSite, host=host)],
    )
    with _listening(host, port, allow_public=allow_public) as (listener, url), _running(app, listener):
        yield url


class _Server(uvicorn.Server):
    """Ends at once: a client that still waits for a late answer is cut off."""

    def hang_up(self, client: tuple[str, int]) -> None:
        """End the connection from ``client``, once the bytes written to it have left."""
        for connection in tuple(self.server_state.connections):
            if getattr(connection, "client", None) == client:
                connection.transport.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in tuple(self.server_state.connections):
            connection.transport.close()
        await super().shutdown(sockets)


def _server(app: Starlette) -> _Server:
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    app.state.hang_up = server.hang_up
    return server


@contextmanager
def _running(app: Starlette, listener: socket.socket) -> Iterator[None]:
    server = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while thread.is_alive() and not server.started:
            time.sleep(0.005)
        if not server.started:
            raise ConfigurationError("the server did not start")
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _listening(host: str, port: int, *, allow_public: bool) -> Iterator[tuple[socket.socket, str]]:
    if host.strip() and not (allow_public or is_loopback(host)):
        raise ConfigurationError(
            f"other machines can reach {host}: serve on 127.0.0.1, or allow it with --allow-public"
        )
    with listening(host, port) as (listener, url):
        yield listener, url


@contextmanager
def _opened(options: Options) -> Iterator[Book]:
    with closing(Book(options.state, opening=options.credits, now=options.clock())) as book:
        yield book


def create_app(options: Options, book: Book, *, url: str, host: str) -> Starlette:
    """The application over ``book``, reached at ``url``. Its server sets ``state.hang_up`` (see ``server.py``).

    ``host`` is the name that ``SameSite`` lets through.
    """
    clock = Clock(origin=book.origin, speed=options.speed, clock=options.clock)
    faults = Faults(options.seed)
    for fault in options.faults:
        faults.arm(fault)
    files = f"{url}/files"
    callbacks = Callbacks(book=book, clock=clock, faults=faults, files=files, timeout=options.callback_timeout)
    service = Service(options, book=book, clock=clock, faults=faults, callbacks=callbacks, files=files)
    admin = Admin(book=book, clock=clock, faults=faults)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with callbacks:
            callbacks.resume()
            yield

    return Starlette(
        routes=[
            Route("/v1/videos/generations", service.create, methods=["POST"]),
            Route("/v1/tasks/{task_id}", service.task),
            Route("/v1/credits", service.credits),
            Route("/files/{task_id}.mp4", service.file),
            Route("/sandbox/state", admin.state),
            Route("/sandbox/faults", admin.arm, methods=["POST"]),
            Route("/sandbox/faults", admin.disarm, methods=["DELETE"]),
            Route("/sandbox/redirected", admin.redirected, methods=["GET", "POST"]),
        ],
        middleware=[Middleware(SameSite, host=host)],
        lifespan=lifespan,
    )
