"""Decides the steps of each call of the client, without I/O.

Questions (GET) may be asked again. The paid request is sent again only on request, and only where the service cannot
have taken it.
"""

from __future__ import annotations

import json
import random as randomness
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

from preflight.client import responses as answers
from preflight.client.models import Credits, Task, TaskStatus
from preflight.client.protocol import Attempt, Call, Reply, Request, Sleep, Update, ask
from preflight.client.refusals import passes
from preflight.client.retry import POLL, RESEND, RETRY, Backoff
from preflight.errors import (
    ApiError,
    ApiUnreachable,
    ConfigurationError,
    RateLimitExceeded,
    TaskFailed,
    WaitTimeout,
)

MAX_ATTEMPTS = 4
MAX_SENDINGS = 20
MAX_WAIT_SECONDS = 120.0

_SHORTEST_REQUEST = 1.0

_Result = TypeVar("_Result")

CREATE_PATH = "/v1/videos/generations"
CREDITS_PATH = "/v1/credits"


def create_task(
    body: Mapping[str, object],
    *,
    within: float,
    attempts: int = 1,
    max_wait: float = MAX_WAIT_SECONDS,
    random: Callable[[], float] = randomness.random,
) -> Call[str]:
    """Pay for a job. Returns the task's id; see ``answers.created`` for the errors.

    The POST is sent up to ``attempts`` times, again only where ``answers.may_be_sent_again``. Between two sendings it
    waits as long as the service asks, or growing times; where the waits would exceed ``max_wait`` seconds in all, the
    last error stands. Yields an ``Attempt`` before each sending but the first.
    """
    if not 1 <= attempts <= MAX_SENDINGS:
        raise ConfigurationError(f"attempts must be 1 to {MAX_SENDINGS}, not {attempts}")
    try:
        content = json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise ConfigurationError("the body of the job cannot be written as JSON") from exc
    request = Request(method="POST", path=CREATE_PATH, content=content, within=within)
    left = max_wait
    for number in range(1, attempts):
        reply = yield from ask(request)
        try:
            return answers.created(reply)
        except (ApiUnreachable, RateLimitExceeded) as error:
            delay = RESEND.delay(number - 1, random=random, wish=error.retry_after)
            if delay > left or not answers.may_be_sent_again(reply):
                raise
        left -= delay
        yield Sleep(delay)
        yield Attempt(number + 1)
    return answers.created((yield from ask(request)))


def task(task_id: str, *, within: float, random: Callable[[], float]) -> Call[Task]:
    """The state of the task."""
    request = Request(method="GET", path=_task_path(task_id), within=within)
    return (yield from _asked(request, lambda reply: answers.task(reply, task_id), random=random))


def credits(  # noqa: A001 - as in `answers`
    *, within: float, random: Callable[[], float], attempts: int = MAX_ATTEMPTS
) -> Call[Credits]:
    """The account's credits."""
    request = Request(method="GET", path=CREDITS_PATH, within=within)
    return (yield from _asked(request, answers.credits, random=random, attempts=attempts))


def wait(
    task_id: str,
    *,
    timeout: float | None,
    within: float,
    clock: Callable[[], float],
    random: Callable[[], float],
    poll: Backoff = POLL,
) -> Call[Task]:
    """The task once it is completed, looked at now and then for at most ``timeout`` seconds (``None``: for ever).

    Yields an ``Update`` whenever the task has changed. Raises ``TaskFailed``, ``WaitTimeout`` from the last temporary
    error, and at once any error that waiting does not fix.
    """
    path = _task_path(task_id)
    end = clock() + timeout if timeout is not None else float("inf")
    seen: Task | None = None
    attempt = 0
    while True:
        trouble: ApiError | None = None
        # Even at the end of the time a question gets a fair chance to be answered.
        span = min(within, max(end - clock(), _SHORTEST_REQUEST))
        reply = yield from ask(Request(method="GET", path=path, within=span))
        try:
            latest = answers.task(reply, task_id)
        except ApiError as error:
            if not passes(error):
                raise
            trouble = error
        else:
            if latest != seen:
                yield Update(latest)
            seen = latest
            if latest.ended:
                return _result(latest)
        left = end - clock()
        if left <= 0:
            raise WaitTimeout(_still(task_id, seen, trouble), task_id=task_id) from trouble
        delay = poll.delay(attempt, random=random, wish=trouble.retry_after if trouble else None)
        yield Sleep(min(delay, left))
        attempt += 1


def _asked(
    request: Request, read: Callable[[Reply], _Result], *, random: Callable[[], float], attempts: int = MAX_ATTEMPTS
) -> Call[_Result]:
    """What ``read`` makes of the reply to a GET, asked up to ``attempts`` times while the error may be temporary."""
    for attempt in range(attempts - 1):
        reply = yield from ask(request)
        try:
            return read(reply)
        except ApiError as error:
            if not passes(error):
                raise
            wish = error.retry_after
        yield Sleep(RETRY.delay(attempt, random=random, wish=wish))
    return read((yield from ask(request)))


def _task_path(task_id: str) -> str:
    if not answers.is_task_id(task_id):
        raise ConfigurationError(f"not a task id: {task_id[:100]!r}")
    return f"/v1/tasks/{quote(task_id, safe='')}"


def _result(task: Task) -> Task:
    if task.status is TaskStatus.COMPLETED:
        return task
    code = task.error.code if task.error else ""
    message = (task.error.message if task.error else "") or "the service gives no reason"
    raise TaskFailed(message, task_id=task.id, code=code or None, request_id=task.request_id)


def _still(task_id: str, seen: Task | None, trouble: ApiError | None) -> str:
    state = f"was {seen.status_text}" if seen else "had not been seen"
    return f"task {task_id} {state} when the time was up" + (f"; the last error: {trouble}" if trouble else "")
