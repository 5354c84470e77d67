"""Serves the page on this machine, in the foreground."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import uvicorn

from preflight.callbacks.listening import listening
from preflight.ui.application import create_app
from preflight.ui.browser_access import Access
from preflight.ui.workplace import Services, Workplace

_HOST = "127.0.0.1"
_CONNECTIONS = 200


def serve_ui(services: Services, *, port: int = 0, on_ready: Callable[[str], object]) -> None:
    """Serve until the process is told to end; an interrupt comes out as ``KeyboardInterrupt``.

    ``on_ready`` is called with the one-time link. Files of the user's are kept in a private folder until then. Raises
    ``ConfigurationError`` where the port is taken.
    """
    with (
        listening(_HOST, port) as (listener, url),
        tempfile.TemporaryDirectory(prefix="preflight-ui-", ignore_cleanup_errors=True) as folder,
    ):
        access = Access(int(url.rpartition(":")[2]))
        work = Workplace(access=access, services=services, folder=Path(folder))
        config = uvicorn.Config(
            create_app(work),
            limit_concurrency=_CONNECTIONS,
            log_config=None,
            access_log=False,
            http="h11",
            loop="asyncio",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        on_ready(access.link)
        uvicorn.Server(config).run(sockets=[listener])
