"""What an answer of the API means: a task, credits, a refusal, or an outcome that is unknown.

The answers to create and credits are wrapped (``code``, ``msg``, ``data``), a task comes bare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from preflight.client.models import Credits, Task, TaskError, TaskStatus
from preflight.client.protocol import ApiResponse, Lost, Reply, fields_of, member, number
from preflight.client.refusals import ROWS, carrying, error_of, request_id_of
from preflight.errors import (
    ApiError,
    ApiRefusal,
    ApiUnreachable,
    OutcomeUnknown,
    RateLimitExceeded,
    TaskNotFound,
    UnexpectedResponse,
)
from preflight.redact import one_line

MAX_OUTPUTS = 100

_STATUSES = {status.value: status for status in TaskStatus if status is not TaskStatus.UNKNOWN}
_OUTPUT_URL = re.compile(r"https?://[\x21-\x7e]{1,8000}")
# Printable ASCII without characters that could leave their place in a path.
_TASK_ID = re.compile(r"(?!\.+$)[!$&'()*+,\-.0-9:;=@A-Z_a-z~]{1,200}")
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
# What services add to an error that has nothing to do with a task.
_IN_ERROR = frozenset({"message", "type", "param", "request_id", "requestId"})
_BESIDE_ERROR = frozenset({"message", "msg", "request_id", "requestId", "timestamp"})
_TASK_HEADERS = frozenset({"x-task-id"})
_REFUSALS = frozenset(row.row for row in ROWS if row.row[0] < 500 and row is not TaskNotFound)


def is_task_id(value: object) -> bool:
    """Whether ``value`` can name a task and stand in a path."""
    return isinstance(value, str) and _TASK_ID.fullmatch(value) is not None


def created(reply: Reply) -> str:
    """The id of the task that a create request started.

    Raises ``ApiUnreachable`` if nothing was sent, the refusal if the service says that it took nothing, and
    ``OutcomeUnknown`` in every other case, from the error that the answer would mean for a query.
    """
    if isinstance(reply, Lost):
        kind = OutcomeUnknown if reply.sent else ApiUnreachable
        raise kind(reply.reason, request_id=reply.request_id) from reply.cause
    fields = fields_of(reply) or {}
    task_id = member(fields, "data").get("taskId")
    if 200 <= reply.status < 300 and fields.get("code") == 200 and is_task_id(task_id) and not fields.get("error"):
        return str(task_id)
    stated = error_of(reply)
    if isinstance(stated, ApiRefusal) and is_refused(reply):
        raise stated
    raise _unknown(reply, stated, task_id) from stated


def is_refused(answer: ApiResponse) -> bool:
    """Whether ``answer`` is a refusal of a create that the API documents: status and code are a row of its table.

    Another status, another code, or an answer that holds more than an error is not one: what it adds may be the task.
    Nor are 500 and 503, which may come after the job was taken, and "no such task", which does not answer a create.
    """
    fields = fields_of(answer) or {}
    error = member(fields, "error")
    code = error.get("code")
    if not isinstance(code, str) or (answer.status, code) not in _REFUSALS or _TASK_HEADERS & answer.headers.keys():
        return False
    return not _adds(fields, _BESIDE_ERROR | {"error"}, codes=(answer.status, str(answer.status), code)) and not _adds(
        error, _IN_ERROR, codes=(code,)
    )


def _adds(fields: Mapping[str, object], known: frozenset[str], *, codes: tuple[object, ...]) -> bool:
    """Whether ``fields`` hold something besides words about an error: another name, a structure, another code."""
    return any(
        (name not in known and name != "code")
        or (name == "code" and value not in codes)
        or (name != "error" and isinstance(value, (dict, list)))
        for name, value in fields.items()
        if value or (name == "code" and value is not None)
    )


def _unknown(answer: ApiResponse, error: ApiError, task_id: object) -> OutcomeUnknown:
    named = one_line(task_id, longest=200)
    if named:
        message = f"the answer names the task {named!r}, but is not a success"
    elif isinstance(error, ApiRefusal):
        message = error.message
        if (error.status, error.code) in _REFUSALS:
            message += "; but the answer holds more than a refusal"
    elif 200 <= answer.status < 300:
        message = "the answer holds no task id"
    else:
        message = error.message
    unknown = carrying(answer, OutcomeUnknown, message, error=member(fields_of(answer) or {}, "error"))
    unknown.task_id = task_id if isinstance(task_id, str) and is_task_id(task_id) else None
    return unknown


def may_be_sent_again(reply: Reply) -> bool:
    """Whether a create that ended with ``reply`` cannot have been taken, and is worth another try.

    That is certain when the connection was never made, and after a 429 that is word for word the documented
    ``rate_limit_exceeded``.
    """
    if isinstance(reply, Lost):
        return not reply.sent
    error = member(fields_of(reply) or {}, "error")
    return is_refused(reply) and (reply.status, error.get("code")) == RateLimitExceeded.row


def task(reply: Reply, task_id: str) -> Task:
    """The task ``task_id`` as the answer describes it. Raises the ``ApiError`` that the answer is instead."""
    answer, fields = _success(reply)
    if fields.get("id") != task_id or not isinstance(fields.get("status"), str):
        raise carrying(answer, UnexpectedResponse, "the API's answer does not describe the task that was asked for")
    word = one_line(fields["status"], longest=100)
    urls = member(fields, "output").get("urls")
    return Task(
        id=task_id,
        status=_STATUSES.get(word, TaskStatus.UNKNOWN),
        status_text=word,
        model=one_line(fields.get("model"), longest=100),
        created_at=_moment(fields.get("created_at")),
        completed_at=_moment(fields.get("completed_at")),
        progress=number(fields.get("progress")),
        outputs=_outputs(urls if isinstance(urls, list) else []),
        error=_task_error(fields.get("error")),
        raw=fields,
        request_id=request_id_of(answer),
    )


def credits(reply: Reply) -> Credits:  # noqa: A001 - the API's own word; the builtin is for the interactive prompt
    """The account's credits. Raises the ``ApiError`` that the answer is instead."""
    answer, fields = _success(reply)
    data = member(fields, "data")
    balance = number(data.get("balance"))
    if fields.get("code") != 200 or balance is None:
        raise carrying(answer, UnexpectedResponse, "the API's answer does not state a balance")
    return Credits(
        balance=balance,
        total_purchased=number(data.get("total_purchased")),
        total_consumed=number(data.get("total_consumed")),
        raw=fields,
    )


def _success(reply: Reply) -> tuple[ApiResponse, Mapping[str, object]]:
    if isinstance(reply, Lost):
        kind = UnexpectedResponse if reply.sent else ApiUnreachable
        raise kind(reply.reason, request_id=reply.request_id) from reply.cause
    if reply.status != 200:
        raise error_of(reply)
    fields = fields_of(reply)
    if fields is None:
        raise carrying(reply, UnexpectedResponse, "the API's answer is not a JSON object of at most 1 MiB")
    # A failed task carries an `error` of its own, beside its status.
    if fields.get("error") and "status" not in fields:
        raise error_of(reply)
    return reply, fields


def _moment(value: object) -> datetime | None:
    seconds = number(value)
    return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None and 0 <= seconds < _LATEST else None


def _outputs(urls: list[object]) -> tuple[str, ...]:
    return tuple(url for url in urls[:MAX_OUTPUTS] if isinstance(url, str) and _OUTPUT_URL.fullmatch(url))


def _task_error(value: object) -> TaskError | None:
    if not isinstance(value, dict):
        return None
    return TaskError(code=one_line(value.get("code"), longest=100), message=one_line(value.get("message")))
