"""The async face of the client, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Self, TypeVar, assert_never

from preflight.client import calls
from preflight.client.face import Face, async_http_client
from preflight.client.http_library import AsyncHttp, library_of, transport_errors
from preflight.client.log import log_attempt, log_connection, log_reply, log_sending, log_wait, silenced_http_logs
from preflight.client.models import Credits, Task
from preflight.client.protocol import (
    MAX_ANSWER_BYTES,
    ApiResponse,
    Attempt,
    Call,
    Done,
    OnAttempt,
    OnUpdate,
    Reply,
    Request,
    Sleep,
    Update,
    step,
)
from preflight.client.request_span import describe, request_span
from preflight.client.wire import Departure

_Result = TypeVar("_Result")


class AsyncClient(Face[AsyncHttp, Callable[[float], Awaitable[None]]]):
    """The API, for asyncio: the calls, bounds and errors of ``Client``."""

    def _own_http(self) -> AsyncHttp:
        return async_http_client(self._wire)

    def _own_sleep(self) -> Callable[[float], Awaitable[None]]:
        return asyncio.sleep

    async def create_task(
        self,
        body: Mapping[str, object],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - one signature for both faces
        attempts: int = 1,
        max_wait: float = calls.MAX_WAIT_SECONDS,
        on_attempt: OnAttempt = None,
    ) -> str:
        """As ``Client.create_task``; ``on_attempt`` may be a coroutine function.

        Cancelled while a request is under way, it leaves the outcome unknown.
        """
        call = self._create_call(body, timeout=timeout, attempts=attempts, max_wait=max_wait)
        return await self._drive(call, on_attempt=on_attempt)

    async def task(self, task_id: str, *, timeout: float | None = None) -> Task:  # noqa: ASYNC109 - the same
        """As ``Client.task``."""
        return await self._drive(self._task_call(task_id, timeout))

    async def credits(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the same
        attempts: int = calls.MAX_ATTEMPTS,
    ) -> Credits:
        """As ``Client.credits``."""
        return await self._drive(self._credits_call(timeout, attempts))

    async def wait(
        self,
        task_id: str,
        *,
        timeout: float | None = 1800.0,  # noqa: ASYNC109 - one signature for both faces; it ends with a reason
        on_update: OnUpdate = None,
    ) -> Task:
        """As ``Client.wait``; ``on_update`` may be a coroutine function."""
        return await self._drive(self._wait_call(task_id, timeout), on_update=on_update)

    async def aclose(self) -> None:
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _drive(self, call: Call[_Result], on_update: OnUpdate = None, on_attempt: OnAttempt = None) -> _Result:
        reply: Reply | None = None
        while True:
            command, reply = step(call, reply), None
            match command:
                case Request():
                    reply = await self._exchange(command)
                case Sleep():
                    log_wait(command.seconds)
                    await self._sleep(command.seconds)
                case Update():
                    told = on_update(command.task) if on_update is not None else None
                    if isawaitable(told):
                        await told
                case Attempt():
                    log_attempt(command.number)
                    told = on_attempt(command.number) if on_attempt is not None else None
                    if isawaitable(told):
                        await told
                case Done():
                    return command.result
                case _:
                    assert_never(command)

    async def _exchange(self, request: Request) -> Reply:
        began = self._clock()
        with silenced_http_logs(), request_span(request) as span:
            reply = await self._reply(request)
            describe(span, request, self._wire.base, reply)
        log_reply(request, self._wire.base, reply, seconds=self._clock() - began)
        return reply

    async def _reply(self, request: Request) -> Reply:
        head: ApiResponse | None = None
        departure = Departure()
        try:
            async with asyncio.timeout(request.within) as deadline:
                trace = {"trace": departure.trace_async}
                message = self._wire.request(request, trace, library=library_of(self._http))
                log_sending(message)
                response = await self._http.send(message, stream=True, auth=None, follow_redirects=False)
                try:
                    log_connection(response)
                    head = self._wire.answer(response, b"", request)
                    body = bytearray()
                    async for piece in response.aiter_raw():
                        body += piece
                        if len(body) > MAX_ANSWER_BYTES:
                            break
                    return self._wire.answer(response, bytes(body), request)
                finally:
                    await response.aclose()
        except transport_errors() as exc:
            return self._wire.lost(request, exc, overdue=deadline.expired(), head=head, departure=departure)
