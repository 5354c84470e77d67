"""Makes the routes that change something, so that none can forget to ask for the token of the page's forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from preflight.ui.templating import workplace_of

Form = dict[str, str]

FORM_BYTES: Final = 256 * 1024
_FIELDS: Final = 64
_HEADER: Final = "x-csrf-token"
_FIELD: Final = "csrf"


def change(path: str, handler: Callable[[Request, Form], Response]) -> Route:
    """A form's target: ``handler`` runs in a thread, with the last value of each field, once the token is right."""

    async def endpoint(request: Request) -> Response:
        body = await _bounded(request)
        if body is None:
            return PlainTextResponse("preflight: the form is too large\n", 413)
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS))
        except ValueError:
            return PlainTextResponse("preflight: the form cannot be read\n", 400)
        if not workplace_of(request).access.may_change(request.headers.get(_HEADER, form.pop(_FIELD, None))):
            return _refused()
        return await run_in_threadpool(handler, request, form)

    return Route(path, endpoint, methods=["POST"])


def upload(path: str, handler: Callable[[Request], Awaitable[Response]]) -> Route:
    """The target of a file, which ``handler`` reads as it comes; the token is in a header."""

    async def endpoint(request: Request) -> Response:
        if not workplace_of(request).access.may_change(request.headers.get(_HEADER)):
            return _refused()
        return await handler(request)

    return Route(path, endpoint, methods=["POST"])


async def _bounded(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            return None
    return bytes(body)


def _refused() -> Response:
    return PlainTextResponse("preflight: this form is not of this page: reload the page and try again\n", 403)
