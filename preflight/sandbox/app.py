"""The sandbox as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from preflight.sandbox.admin import Admin
from preflight.sandbox.book import Book
from preflight.sandbox.callbacks import Callbacks
from preflight.sandbox.clock import Clock
from preflight.sandbox.faults import Faults
from preflight.sandbox.options import Options
from preflight.sandbox.service import Service


def create_app(options: Options, book: Book, *, url: str) -> Starlette:
    """The application over ``book``, reached at ``url``. Its server sets ``state.hang_up`` (see ``server.py``)."""
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
        lifespan=lifespan,
    )
