"""The async face of the client, for asyncio."""

from __future__ import annotations

import asyncio
import random as randomness
import time
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from types import TracebackType
from typing import Self, TypeVar, assert_never

import httpx

from preflight.client import calls
from preflight.client.auth import DEFAULT_BASE_URL, ApiKey
from preflight.client.log import hushed, log_attempt, log_connection, log_reply, log_sending, log_wait
from preflight.client.models import Credits, Task
from preflight.client.protocol import MAX_ANSWER_BYTES, Answer, Attempt, Call, Reply, Request, Sleep, Update
from preflight.client.retry import POLL, Backoff
from preflight.client.wire import CREATE_SECONDS, QUERY_SECONDS, Wire, bound, lost

_Result = TypeVar("_Result")


class AsyncClient:
    """The API, for asyncio: the calls, bounds and errors of ``Client``."""

    def __init__(
        self,
        key: ApiKey | str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        http: httpx.AsyncClient | None = None,
        create_timeout: float = CREATE_SECONDS,
        query_timeout: float = QUERY_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
        poll: Backoff = POLL,
    ) -> None:
        self._wire = Wire(key, base_url)
        # As in `Client`: a kept connection that died would leave a paid request in doubt.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = http or httpx.AsyncClient(trust_env=False, limits=limits)
        self._owned = http is None
        self._create_timeout = bound(create_timeout, CREATE_SECONDS)
        self._query_timeout = bound(query_timeout, QUERY_SECONDS)
        self._sleep = sleep
        self._clock = clock
        self._random = random
        self._poll = poll

    async def create_task(
        self,
        body: Mapping[str, object],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - one signature for both faces
        attempts: int = 1,
        max_wait: float = calls.MAX_WAIT_SECONDS,
        on_attempt: Callable[[int], object] | None = None,
    ) -> str:
        """As ``Client.create_task``; ``on_attempt`` may be a coroutine function.

        Cancelled while a request is under way, it leaves the outcome unknown.
        """
        call = calls.create_task(
            body,
            within=bound(timeout, self._create_timeout),
            attempts=attempts,
            max_wait=max_wait,
            random=self._random,
        )
        return await self._drive(call, on_attempt=on_attempt)

    async def task(self, task_id: str, *, timeout: float | None = None) -> Task:  # noqa: ASYNC109 - the same
        """As ``Client.task``."""
        return await self._drive(calls.task(task_id, within=bound(timeout, self._query_timeout), random=self._random))

    async def credits(self, *, timeout: float | None = None) -> Credits:  # noqa: ASYNC109 - the same
        """As ``Client.credits``."""
        return await self._drive(calls.credits(within=bound(timeout, self._query_timeout), random=self._random))

    async def wait(
        self,
        task_id: str,
        *,
        timeout: float | None = 1800.0,  # noqa: ASYNC109 - one signature for both faces; it ends with a reason
        on_update: Callable[[Task], object] | None = None,
    ) -> Task:
        """As ``Client.wait``; ``on_update`` may be a coroutine function."""
        call = calls.wait(
            task_id,
            timeout=timeout,
            within=self._query_timeout,
            clock=self._clock,
            random=self._random,
            poll=self._poll,
        )
        return await self._drive(call, on_update=on_update)

    async def aclose(self) -> None:
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._wire.base

    def __repr__(self) -> str:
        return f"AsyncClient({self._wire!r})"

    async def _drive(
        self,
        call: Call[_Result],
        *,
        on_update: Callable[[Task], object] | None = None,
        on_attempt: Callable[[int], object] | None = None,
    ) -> _Result:
        reply: Reply | None = None
        while True:
            try:
                command = call.send(reply)
            except StopIteration as stop:
                result: _Result = stop.value
                return result
            reply = None
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
                case _:
                    assert_never(command)

    async def _exchange(self, request: Request) -> Reply:
        began = self._clock()
        with hushed():
            reply = await self._sent(request)
        log_reply(request, self._wire.base, reply, seconds=self._clock() - began)
        return reply

    async def _sent(self, request: Request) -> Reply:
        head: Answer | None = None
        try:
            async with asyncio.timeout(request.within) as deadline:
                message = self._wire.request(request)
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
        except (httpx.HTTPError, OSError) as exc:
            return lost(request, exc, base=self._wire.base, overdue=deadline.expired(), head=head)
