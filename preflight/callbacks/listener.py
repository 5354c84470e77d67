"""Serving the receiver by itself, for users without a web application to mount it in."""

from __future__ import annotations

import socket
from threading import Thread

import uvicorn

from preflight.callbacks.asgi import CallbackApp
from preflight.callbacks.settler import Settler

_CONNECTIONS = 500


def serve(app: CallbackApp, listener: socket.socket, settler: Settler) -> None:
    """Receive and settle until the process is told to end. An interrupt comes out as ``KeyboardInterrupt``."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
    )
    settling = Thread(target=settler.run, daemon=True)
    settling.start()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        settler.stop()
        settling.join()
