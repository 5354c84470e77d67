"""What each call of the client does, without I/O. Only questions (GET) are ever asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

from preflight.client import answers
from preflight.client.backoff import POLL, RETRY, Backoff
from preflight.client.exchange import Call, Reply, Request, Sleep, Update, ask
from preflight.client.refusals import passes
from preflight.client.task import Credits, Task, TaskStatus
from preflight.errors import ApiError, ConfigurationError, TaskFailed, WaitTimeout

MAX_ATTEMPTS = 4

_SHORTEST_REQUEST = 1.0

_Result = TypeVar("_Result")

CREATE_PATH = "/v1/videos/generations"


def create_task(body: Mapping[str, object], *, within: float) -> Call[str]:
    """Pay for a job: one POST, never repeated. Returns the task's id; see ``answers.created`` for the errors."""
    try:
        content = json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise ConfigurationError("the body of the job cannot be written as JSON") from exc
    reply = yield from ask(Request(method="POST", path=CREATE_PATH, content=content, within=within))
    return answers.created(reply)


def task(task_id: str, *, within: float, random: Callable[[], float]) -> Call[Task]:
    """How the task stands."""
    request = Request(method="GET", path=_task_path(task_id), within=within)
    return (yield from _asked(request, lambda reply: answers.task(reply, task_id), random=random))


def credits(*, within: float, random: Callable[[], float]) -> Call[Credits]:  # noqa: A001 - as in `answers`
    """The account's credits."""
    return (yield from _asked(Request(method="GET", path="/v1/credits", within=within), answers.credits, random=random))


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

    Yields an ``Update`` whenever the task has changed. Raises ``TaskFailed``, ``WaitTimeout`` from the last passing
    trouble, and at once what waiting does not mend.
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


def _asked(request: Request, read: Callable[[Reply], _Result], *, random: Callable[[], float]) -> Call[_Result]:
    """What ``read`` makes of the reply to a GET, asked up to ``MAX_ATTEMPTS`` times while the trouble may pass."""
    for attempt in range(MAX_ATTEMPTS - 1):
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
    raise TaskFailed(message, task_id=task.id, code=code or None)


def _still(task_id: str, seen: Task | None, trouble: ApiError | None) -> str:
    state = f"was {seen.status_text}" if seen else "had not been seen"
    return f"task {task_id} {state} when the time was up" + (f"; the last answer was: {trouble}" if trouble else "")
