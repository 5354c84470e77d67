"""Serving the receiver by itself, for users without a web application to mount it in."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from threading import Thread

import uvicorn

from preflight.callbacks.asgi import CallbackApp
from preflight.callbacks.settler import Settler
from preflight.errors import ConfigurationError
from preflight.redact import remember

_CONNECTIONS = 500


def secret_of(path: Path) -> str:
    """The secret in the file ``path``, made on the first call: jobs keep their callback URLs from one run to the next.

    Raises ``ConfigurationError``.
    """
    try:
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            secret = path.read_text("ascii").strip()
        else:
            secret = secrets.token_urlsafe(24)
            with os.fdopen(file, "w") as new:
                new.write(secret + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the secret of the callbacks in {path} cannot be read or made: {error}") from error
    if len(secret) < 16 or not secret.replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"{path} does not hold a secret: remove it, and preflight makes a new one")
    remember(secret)
    return secret


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
