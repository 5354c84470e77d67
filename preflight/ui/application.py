"""The application: its routes, a module for each page, behind the gate."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from preflight.errors import PreflightError
from preflight.redact.advice import for_command
from preflight.ui.gate import ENTRANCE, Gate
from preflight.ui.job import job_page
from preflight.ui.payments import ledger_page, paid_page, pay_page
from preflight.ui.runs import runs_page
from preflight.ui.templating import STATIC, page, workplace_of
from preflight.ui.workplace import Workplace

_ENTERED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/job">'
    '<link rel="icon" href="/static/icon.svg"><title>preflight</title><p><a href="/job">preflight</a></p></html>'
)
"""Not a redirect: after a link from elsewhere, browsers keep a strict cookie back through all redirects."""


def create_app(work: Workplace) -> Starlette:
    """The page as an ASGI application, for ``work``."""
    app = Starlette(
        routes=[
            Route(ENTRANCE, _enter),
            Route("/", _home),
            Mount("/static", StaticFiles(directory=STATIC)),
            *page_routes(),
        ],
        middleware=[Middleware(Gate, access=work.access)],
        exception_handlers={PreflightError: _failed, HTTPException: _refused},
    )
    app.state.workplace = work
    return app


def page_routes() -> list[BaseRoute]:
    """The routes of all pages."""
    modules = (job_page, pay_page, paid_page, runs_page, ledger_page)
    return [route for module in modules for route in module.routes()]


def _home(_: Request) -> Response:
    return RedirectResponse("/job", 303)


def _enter(request: Request) -> Response:
    access = workplace_of(request).access
    session = access.enter(request.query_params.get("token", ""))
    if session is None and not access.is_known(request.headers.get("cookie", "")):
        return PlainTextResponse(
            "preflight: this link works once, and was used: start 'preflight ui' again for a new one\n", 403
        )
    answer = HTMLResponse(_ENTERED)
    if session is not None:
        answer.set_cookie(access.cookie, session, httponly=True, samesite="strict", path="/")
    return answer


def _failed(request: Request, error: Exception) -> Response:
    return page(request, "trouble.html", status=400, title="That did not work", text=for_command(error))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    text = "There is no such page." if error.status_code == HTTPStatus.NOT_FOUND else str(error.detail)
    return page(request, "trouble.html", status=error.status_code, title=title, text=text)
