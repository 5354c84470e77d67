"""The sync face of the client."""

from __future__ import annotations

import random as randomness
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar, assert_never

import httpx

from preflight.client import calls
from preflight.client.auth import DEFAULT_BASE_URL, ApiKey
from preflight.client.deadline import Watchdog
from preflight.client.log import hushed, log_attempt, log_connection, log_reply, log_sending, log_wait
from preflight.client.models import Credits, Task
from preflight.client.protocol import MAX_ANSWER_BYTES, Answer, Attempt, Call, Reply, Request, Sleep, Update
from preflight.client.retry import POLL, Backoff
from preflight.client.wire import CREATE_SECONDS, QUERY_SECONDS, Wire, bound, lost

_LONGEST_SLEEP = 1.0

_Result = TypeVar("_Result")


class Client:
    """The API, blocking. A context manager; an ``http`` client that was handed in stays open.

    The key goes to ``base_url`` and nowhere else, over https (http to this machine). ``create_timeout`` and
    ``query_timeout`` bound one whole exchange in seconds, ``poll`` spaces the looks of ``wait``. Raises ``InvalidKey``
    and ``ConfigurationError``.

    With ``http``, its transport, proxies and hooks are used; its headers, cookies and base URL are not. Over a
    connection that ``http`` kept from before, the bound holds for the body only: have it keep none.
    """

    def __init__(
        self,
        key: ApiKey | str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        http: httpx.Client | None = None,
        create_timeout: float = CREATE_SECONDS,
        query_timeout: float = QUERY_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
        poll: Backoff = POLL,
    ) -> None:
        self._wire = Wire(key, base_url)
        # No connection is kept: one that the server closed meanwhile would leave a paid request in doubt.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = http or httpx.Client(trust_env=False, limits=limits)
        self._owned = http is None
        self._create_timeout = bound(create_timeout, CREATE_SECONDS)
        self._query_timeout = bound(query_timeout, QUERY_SECONDS)
        self._sleep = sleep
        self._clock = clock
        self._random = random
        self._poll = poll

    def create_task(
        self,
        body: Mapping[str, object],
        *,
        timeout: float | None = None,
        attempts: int = 1,
        max_wait: float = calls.MAX_WAIT_SECONDS,
        on_attempt: Callable[[int], object] | None = None,
    ) -> str:
        """Pay for the job ``body`` and return its task's id. Sent once, unless ``attempts`` allows more.

        With ``attempts`` it is sent again, up to so many times in all, only when the connection was never made or the
        service answered 429 ``rate_limit_exceeded``: after the time that it asks for, or growing ones, together at most
        ``max_wait`` seconds. ``on_attempt`` is called with 2, 3, … before each; nothing is sent if it raises.
        ``timeout`` takes the place of ``create_timeout``, for each attempt.

        Raises ``ApiUnreachable`` (nothing was sent), an ``ApiRefusal`` (the service took nothing), or
        ``OutcomeUnknown``: it may have been taken, and must not be sent again blindly.
        """
        call = calls.create_task(
            body,
            within=bound(timeout, self._create_timeout),
            attempts=attempts,
            max_wait=max_wait,
            random=self._random,
        )
        return self._drive(call, on_attempt=on_attempt)

    def task(self, task_id: str, *, timeout: float | None = None) -> Task:
        """How the task stands. ``timeout`` takes the place of ``query_timeout``. Raises ``ApiError``."""
        return self._drive(calls.task(task_id, within=bound(timeout, self._query_timeout), random=self._random))

    def credits(self, *, timeout: float | None = None) -> Credits:
        """The account's credits. ``timeout`` takes the place of ``query_timeout``. Raises ``ApiError``."""
        return self._drive(calls.credits(within=bound(timeout, self._query_timeout), random=self._random))

    def wait(
        self, task_id: str, *, timeout: float | None = 1800.0, on_update: Callable[[Task], object] | None = None
    ) -> Task:
        """The completed task. ``on_update`` is called with each new state of it, the last included.

        ``timeout`` is in seconds; ``None`` waits for ever. Raises ``TaskFailed``, ``WaitTimeout``, ``ApiError``.
        """
        call = calls.wait(
            task_id,
            timeout=timeout,
            within=self._query_timeout,
            clock=self._clock,
            random=self._random,
            poll=self._poll,
        )
        return self._drive(call, on_update=on_update)

    def close(self) -> None:
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._wire.base

    def __repr__(self) -> str:
        return f"Client({self._wire!r})"

    def _drive(
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
                    reply = self._exchange(command)
                case Sleep():
                    log_wait(command.seconds)
                    self._nap(command.seconds)
                case Update():
                    if on_update is not None:
                        on_update(command.task)
                case Attempt():
                    log_attempt(command.number)
                    if on_attempt is not None:
                        on_attempt(command.number)
                case _:
                    assert_never(command)

    def _nap(self, seconds: float) -> None:
        # An interrupt that arrives just before a sleep begins is noticed when it ends: no sleep is long.
        whole, rest = divmod(seconds, _LONGEST_SLEEP)
        for _ in range(int(whole)):
            self._sleep(_LONGEST_SLEEP)
        self._sleep(rest)

    def _exchange(self, request: Request) -> Reply:
        began = self._clock()
        with hushed():
            reply = self._sent(request)
        log_reply(request, self._wire.base, reply, seconds=self._clock() - began)
        return reply

    def _sent(self, request: Request) -> Reply:
        watchdog = Watchdog(request.within)
        head: Answer | None = None
        try:
            with watchdog:
                message = self._wire.request(request, {"trace": watchdog.trace})
                log_sending(message)
                response = self._http.send(message, stream=True, auth=None, follow_redirects=False)
                try:
                    log_connection(response)
                    head = self._wire.answer(response, b"", request)
                    watchdog.watch(response.extensions.get("network_stream"))
                    body = bytearray()
                    for piece in response.iter_raw():
                        body += piece
                        if len(body) > MAX_ANSWER_BYTES:
                            break
                    return self._wire.answer(response, bytes(body), request)
                finally:
                    response.close()
        except (httpx.HTTPError, OSError) as exc:
            return lost(request, exc, base=self._wire.base, overdue=watchdog.fired, head=head)
