"""Serves the page on this machine, in the foreground."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from preflight.callbacks.listening import listening
from preflight.ui.application import create_app
from preflight.ui.browser_access import Access
from preflight.ui.job.desk import Desk
from preflight.ui.payments.till import Till
from preflight.ui.payments.watches import Watches
from preflight.ui.runs.runs_desk import runs_desk
from preflight.ui.services import Services
from preflight.ui.workplace import Workplace

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
        ExitStack() as stack,
    ):
        access = Access(int(url.rpartition(":")[2]))
        place = Path(folder)
        desk = stack.enter_context(Desk(services, place))
        till = stack.enter_context(Till(desk))
        work = Workplace(
            access=access,
            services=services,
            desk=desk,
            till=till,
            watches=Watches(services, place),
            runs=stack.enter_context(runs_desk(services, place)),
            folder=place,
        )
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
