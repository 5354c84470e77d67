"""The receiver for a web service: one application to mount, which stores deliveries and settles them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from inspect import iscoroutine
from threading import Lock, Thread
from typing import Any

from preflight.callbacks.asgi import CallbackApp, Receive, Scope, Send
from preflight.callbacks.secret import secret_beside, sound_secret
from preflight.callbacks.settler import Finished, Settler
from preflight.client import Client
from preflight.client.auth import base_of
from preflight.ledger import Ledger
from preflight.redact import redact

_LOG = logging.getLogger("preflight.callbacks")

_END_SECONDS = 10.0
"""How long the end may wait for a question to the service, which is asked again after the next start."""


class Receiver:
    """An ASGI application that takes the callbacks of ``ledger``'s tasks, and settles them with ``client``.

        receiver = Receiver(ledger, client, on_finished=tell_the_user)
        app = FastAPI(lifespan=receiver.lifespan)
        app.mount("/callbacks", receiver)

    A delivery is answered when it is on the disk. A thread then asks the service how the task ended, writes that into
    the ledger, and calls ``on_finished`` once for each task: in that thread, or in the event loop if it is a coroutine
    function. Deliveries that were not settled when the process ended are settled after the next start. ``lifespan``
    starts the thread; without it, the first delivery does.

    ``secret`` is the first part of the path: 16 to 200 letters, digits, hyphens and underscores. By default it is in a
    file beside the ledger, made once. Errors, those of ``on_finished`` too, go to the log ``preflight.callbacks``.
    Raises ``ConfigurationError``.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        *,
        secret: str | None = None,
        on_finished: Callable[[Finished], Any] = lambda _: None,
    ) -> None:
        if secret is None:
            self._secret = secret_beside(ledger.path)
        else:
            self._secret = sound_secret(secret, hint="give another one, or none, and preflight makes one")
        self._ledger = ledger
        self._client = client
        self._on_finished = on_finished
        self._app = CallbackApp(ledger, secret=self._secret, on_taken=self._wake)
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settling: tuple[Settler, Thread] | None = None

    def __repr__(self) -> str:
        return f"Receiver({str(self._ledger.path)!r})"

    def url(self, public: str) -> str:
        """The ``callback`` of ``submit_job``: ``public`` is the URL at which this application is mounted.

        It is https, or http to this machine, else ``ConfigurationError``.
        """
        return f"{base_of(public)}/{self._secret}"

    @asynccontextmanager
    async def lifespan(self, _: object = None) -> AsyncIterator[None]:
        """Settle deliveries while it is entered: for the ``lifespan`` of FastAPI and Starlette, or inside your own."""
        self._loop = asyncio.get_running_loop()
        self._start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._stop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # served by itself: a mounted application gets none
            await receive()
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self._loop = asyncio.get_running_loop()
        await self._app(scope, receive, send)

    def _wake(self) -> None:
        self._start().wake()

    def _start(self) -> Settler:
        with self._lock:
            if self._settling is None or not self._settling[1].is_alive():
                settler = Settler(self._ledger, self._client, on_finished=self._tell, on_trouble=_warn)
                thread = Thread(target=settler.run, name="preflight-callbacks", daemon=True)
                self._settling = settler, thread
                thread.start()
            return self._settling[0]

    def _stop(self) -> None:
        with self._lock:
            settling, self._settling = self._settling, None
        if settling is not None:
            settler, thread = settling
            settler.stop()
            thread.join(_END_SECONDS)

    def _tell(self, finished: Finished) -> None:
        task, entry = finished.task, finished.entry
        known = f"entry {entry.id}" if entry else "not in the ledger"
        _LOG.info("task %s is %s, %s", task.id, task.status.value, known)
        told = self._on_finished(finished)
        if iscoroutine(told):
            assert self._loop is not None, "every start is from a loop"
            asyncio.run_coroutine_threadsafe(told, self._loop).result()


def _warn(trouble: str) -> None:
    _LOG.warning("%s", redact(trouble))
