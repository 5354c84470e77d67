"""A job that was sent: its task as it goes on, and its result to play. It belongs to an entry of the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from preflight.errors import ConfigurationError
from preflight.ledger import Entry
from preflight.model.file_types import SUFFIXES
from preflight.ui.media_files import sent
from preflight.ui.templating import page, text_of, workplace_of
from preflight.upload.content import MEDIA_TYPES

_LOOK_SECONDS: Final = 0.4
_SILENT_LOOKS: Final = 30
"""After so many looks without news, a line says that the connection lives."""
_TYPES: Final = {
    suffix: MEDIA_TYPES[container]
    for container, suffixes in SUFFIXES.items()
    if container in MEDIA_TYPES
    for suffix in suffixes
}


def routes() -> list[BaseRoute]:
    """The routes of the page."""
    return [
        Route("/paid/{entry:int}", _show),
        Route("/paid/{entry:int}/events", _events),
        Route("/paid/{entry:int}/result/{number:int}", _result),
    ]


def _entry_of(request: Request) -> Entry:
    services = workplace_of(request).services
    try:
        return services.ledger.entry(request.path_params["entry"])
    except ConfigurationError as error:
        raise HTTPException(404, "The ledger has no such entry.") from error


def _values(request: Request) -> dict[str, Any]:
    entry = _entry_of(request)
    return {"entry": entry, "watch": workplace_of(request).watches.of(entry)}


def _show(request: Request) -> Response:
    workplace_of(request).services.ledger.mark_abandoned()
    return page(request, "paid.html", **_values(request))


async def _events(request: Request) -> Response:
    await run_in_threadpool(_values, request)  # an entry that is not there is told before the stream begins
    return StreamingResponse(_news(request), media_type="text/event-stream")


async def _news(request: Request) -> AsyncIterator[str]:
    """The state whenever it has changed, until nothing more will change or the page is left."""
    last, silent = "", 0
    while not await request.is_disconnected():
        watch = workplace_of(request).watches.latest(request.path_params["entry"])
        is_over = watch is None or watch.over  # looked at before the text is made, so that no news is missed
        text = await run_in_threadpool(_state_text, request)
        if text != last:
            last, silent = text, 0
            yield _event("state", text)
        if is_over:
            yield _event("over", "over")
            return
        silent += 1
        if silent % _SILENT_LOOKS == 0:
            yield ": still here\n\n"
        await asyncio.sleep(_LOOK_SECONDS)


def _state_text(request: Request) -> str:
    entry = _entry_of(request)
    watches = workplace_of(request).watches
    return text_of("paid_state.html", request, entry=entry, watch=watches.latest(entry.id) or watches.of(entry))


def _event(name: str, text: str) -> str:
    return "".join([f"event: {name}\n", *(f"data: {line}\n" for line in text.splitlines()), "\n"])


def _result(request: Request) -> Response:
    entry, number = _entry_of(request), request.path_params["number"]
    watch = workplace_of(request).watches.latest(entry.id)
    files = watch.files if watch else []
    if number >= len(files):
        raise HTTPException(404, "There is no such result.")
    path = files[number]
    return sent(path, _TYPES.get(path.suffix.lower(), "application/octet-stream"))
