"""Responses that break off or go wrong on the wire."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send


class HangUp(Response):
    """No answer: the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await _hang_up(scope, receive)


class Torn(Response):
    """The first half of an answer, then the connection ends."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _hang_up(scope, receive)


class Late(Response):
    """An answer after ``seconds`` of real time, to a client that is still there."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await _disconnected(receive)
        except TimeoutError:
            await super().__call__(scope, receive, send)


def malformed(whole: Response) -> Response:
    """``whole``, cut in the middle of its JSON but well-formed HTTP."""
    return Response(bytes(whole.body)[:-5], whole.status_code, media_type="application/json")


def without_task_id() -> Response:
    """A success that does not say which task it started."""
    return JSONResponse({"code": 200, "msg": "success", "data": {}})


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["app"].state.hang_up(scope["client"])
    # The server takes a return before the connection is gone for a bug, and answers 500.
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
