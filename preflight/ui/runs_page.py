"""The page "Runs"."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from preflight.ui.templating import page


def routes() -> list[BaseRoute]:
    """The routes of the page."""
    return [Route("/runs", _show)]


def _show(request: Request) -> Response:
    return page(request, "runs.html")
