"""The sync face of the client."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Self, TypeVar, assert_never

from preflight.client import calls
from preflight.client.deadline import Watchdog
from preflight.client.face import Face, http_client
from preflight.client.http_library import SyncHttp, library_of, transport_errors
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
from preflight.client.wire import Wire

_LONGEST_SLEEP = 1.0

_Result = TypeVar("_Result")


class Client(Face[SyncHttp, Callable[[float], None]]):
    """The API, blocking. A context manager; an ``http`` client that was handed in stays open.

    The key goes to ``base_url`` and nowhere else, over https (http to this machine). ``create_timeout`` and
    ``query_timeout`` bound one whole exchange in seconds, ``poll`` spaces the looks of ``wait``. Raises ``InvalidKey``
    and ``ConfigurationError``.

    With ``http``, its transport, proxies and hooks are used; its headers, cookies and base URL are not. Over a
    connection that ``http`` kept from before, the bound holds for the body only: have it keep none.
    """

    def _own_http(self) -> SyncHttp:
        return http_client(self._wire)

    def _own_sleep(self) -> Callable[[float], None]:
        return time.sleep

    def create_task(
        self,
        body: Mapping[str, object],
        *,
        timeout: float | None = None,
        attempts: int = 1,
        max_wait: float = calls.MAX_WAIT_SECONDS,
        on_attempt: OnAttempt = None,
    ) -> str:
        """Pay for the job ``body`` and return its task's id. Sent once, unless ``attempts`` allows more.

        With ``attempts`` it is sent again, up to so many times in all, only when the connection was never made or the
        service answered 429 ``rate_limit_exceeded``: after the time that it asks for, or growing ones, together at most
        ``max_wait`` seconds. ``on_attempt`` is called with 2, 3, … before each; nothing is sent if it raises.
        ``timeout`` takes the place of ``create_timeout``, for each attempt.

        Raises ``ApiUnreachable`` (nothing was sent), an ``ApiRefusal`` (the service took nothing), or
        ``OutcomeUnknown``: it may have been taken, and must not be sent again blindly.
        """
        call = self._create_call(body, timeout=timeout, attempts=attempts, max_wait=max_wait)
        return self._drive(call, on_attempt=on_attempt)

    def task(self, task_id: str, *, timeout: float | None = None) -> Task:
        """The state of the task. ``timeout`` takes the place of ``query_timeout``. Raises ``ApiError``."""
        return self._drive(self._task_call(task_id, timeout))

    def credits(self, *, timeout: float | None = None, attempts: int = calls.MAX_ATTEMPTS) -> Credits:
        """The account's credits, asked for up to ``attempts`` times while the error may be temporary.

        ``timeout`` takes the place of ``query_timeout``, for each attempt. Raises ``ApiError``.
        """
        return self._drive(self._credits_call(timeout, attempts))

    def wait(self, task_id: str, *, timeout: float | None = 1800.0, on_update: OnUpdate = None) -> Task:
        """The completed task. ``on_update`` is called with each new state of it, the last included.

        ``timeout`` is in seconds; ``None`` waits for ever. Raises ``TaskFailed``, ``WaitTimeout``, ``ApiError``.
        """
        return self._drive(self._wait_call(task_id, timeout), on_update=on_update)

    def close(self) -> None:
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drive(self, call: Call[_Result], on_update: OnUpdate = None, on_attempt: OnAttempt = None) -> _Result:
        reply: Reply | None = None
        while True:
            command, reply = step(call, reply), None
            match command:
                case Request():
                    reply = exchange(self._http, self._wire, command, clock=self._clock)
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
                case Done():
                    return command.result
                case _:
                    assert_never(command)

    def _nap(self, seconds: float) -> None:
        # An interrupt that arrives just before a sleep begins is noticed when it ends: no sleep is long.
        whole, rest = divmod(seconds, _LONGEST_SLEEP)
        for _ in range(int(whole)):
            self._sleep(_LONGEST_SLEEP)
        self._sleep(rest)


def exchange(http: SyncHttp, wire: Wire, request: Request, *, clock: Callable[[], float] = time.monotonic) -> Reply:
    """The reply to ``request``, sent once over ``http``."""
    began = clock()
    with silenced_http_logs(), request_span(request) as span:
        reply = _reply(http, wire, request)
        describe(span, request, wire.base, reply)
    log_reply(request, wire.base, reply, seconds=clock() - began)
    return reply


def _reply(http: SyncHttp, wire: Wire, request: Request) -> Reply:
    watchdog = Watchdog(request.within)
    head: ApiResponse | None = None
    try:
        with watchdog:
            message = wire.request(request, {"trace": watchdog.trace}, library=library_of(http))
            log_sending(message)
            response = http.send(message, stream=True, auth=None, follow_redirects=False)
            try:
                log_connection(response)
                head = wire.answer(response, b"", request)
                watchdog.watch(response.extensions.get("network_stream"))
                body = bytearray()
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        break
                return wire.answer(response, bytes(body), request)
            finally:
                response.close()
    except transport_errors() as exc:
        return wire.lost(request, exc, overdue=watchdog.fired, head=head, departure=watchdog.departure)
