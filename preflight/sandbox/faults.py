"""Faults by name: how the sandbox can misbehave, and when."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import TypeAlias

from starlette.responses import HTMLResponse, RedirectResponse, Response

from preflight.redact.suggestion import suggestion
from preflight.sandbox.api_responses import ERRORS, Refused, refusal
from preflight.sandbox.broken_responses import HangUp, Late, Torn, malformed, without_task_id

MAX_LATE_SECONDS = 3600.0
_IN_PROMPT = re.compile(r"\bsandbox:([\w-]+)")
_SEE = "docs/sandbox.md explains them."
_TEXTS = frozenset({"operation", "retry_after"})


class Operation(Enum):
    """The target of a fault: a request to the API, the work on a task, or the call back when it has ended."""

    CREATE = "create"
    TASK = "task"
    CREDITS = "credits"
    WORK = "work"
    CALLBACK = "callback"


REQUESTS = (Operation.CREATE, Operation.TASK, Operation.CREDITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """A fault lying in wait: it strikes each matching operation with probability ``rate``, ``count`` times in all.

    ``count`` is ``None`` for no end. ``seconds`` is for ``late-answer`` and
    ``504-then-billing``; ``retry_after`` is sent as it is.
    """

    name: str
    operation: Operation
    rate: float = 1.0
    count: int | None = 1
    seconds: float = 5.0
    retry_after: str | None = None


Instead: TypeAlias = Callable[[Armed], Response]
Afterwards: TypeAlias = Callable[[Armed, Response], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A fault that can be armed, for one of ``operations`` (the first unless said).

    ``instead`` answers a request in place of doing it: a create is not billed. ``afterwards`` replaces the answer to
    a request that was done: a create was billed. ``billed_later``: a create that was answered instead is done after
    all, `seconds` later. Faults of work and callbacks have none of these: these look for their names.
    ``unread``: it strikes when the headers are in, before the body is read.
    """

    summary: str
    operations: tuple[Operation, ...] = (Operation.CREATE,)
    instead: Instead | None = None
    afterwards: Afterwards | None = None
    unread: bool = False
    billed_later: bool = False


def _refuse(armed: Armed) -> Response:
    return refusal(armed.name, headers={"Retry-After": armed.retry_after} if armed.retry_after else None)


FAULTS: Mapping[str, Kind] = {
    **{
        code: Kind(summary=f"answer {status} {code}; nothing is done", operations=REQUESTS, instead=_refuse)
        for code, (status, _, _) in ERRORS.items()
    },
    "redirect": Kind(
        summary="answer 307 to another path; nothing is done",
        operations=REQUESTS,
        instead=lambda _: RedirectResponse("/sandbox/redirected"),
    ),
    "drop-before-billing": Kind(
        summary="end the connection without an answer; nothing is done",
        operations=REQUESTS,
        instead=lambda _: HangUp(),
    ),
    "drop-mid-request": Kind(
        summary="end the connection when the headers are read, without reading the body; nothing is done",
        operations=REQUESTS,
        instead=lambda _: HangUp(),
        unread=True,
    ),
    "drop-after-billing": Kind(
        summary="do it, then end the connection without an answer",
        operations=REQUESTS,
        afterwards=lambda _, __: HangUp(),
    ),
    "drop-mid-answer": Kind(
        summary="do it, then end the connection in the middle of the answer",
        operations=REQUESTS,
        afterwards=lambda _, answer: Torn(answer),
    ),
    "late-answer": Kind(
        summary="do it, and answer after `seconds` of real time",
        operations=REQUESTS,
        afterwards=lambda armed, answer: Late(answer, armed.seconds),
    ),
    "malformed-body": Kind(
        summary="do it, and answer with JSON that is cut short",
        operations=REQUESTS,
        afterwards=lambda _, answer: malformed(answer),
    ),
    "no-task-id": Kind(
        summary="do it, and answer success without a task id", afterwards=lambda _, __: without_task_id()
    ),
    "500-after-billing": Kind(
        summary="do it, and answer 500 internal_error", afterwards=lambda _, __: refusal("internal_error")
    ),
    "503-after-billing": Kind(
        summary="do it, and answer 503 upstream_error", afterwards=lambda _, __: refusal("upstream_error")
    ),
    "504-then-billing": Kind(
        summary="answer 504 with a gateway's page at once; do it after `seconds` of real time",
        instead=lambda _: HTMLResponse("<html><title>504 Gateway Time-out</title></html>", status_code=504),
        billed_later=True,
    ),
    "task-fails": Kind(summary="take the job, and fail it: the credits come back", operations=(Operation.WORK,)),
    "callback-early": Kind(
        summary="the task ends at once, and its callback comes before the answer to the create",
        operations=(Operation.WORK,),
    ),
    "callback-lost": Kind(summary="never call back for the task", operations=(Operation.CALLBACK,)),
    "callback-repeated": Kind(summary="call back again after it was taken", operations=(Operation.CALLBACK,)),
    "callback-reordered": Kind(
        summary="call back after the next other task has, or after three minutes", operations=(Operation.CALLBACK,)
    ),
}


class Faults:
    """The armed faults. Which requests a fault of some rate hits depends on ``seed`` and their order alone."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable chance, not a secret
        self._armed: list[Armed] = []

    def arm(self, fault: Armed) -> None:
        self._armed.append(fault)

    def disarm(self) -> None:
        self._armed.clear()

    def armed(self) -> tuple[Armed, ...]:
        return tuple(self._armed)

    def draw(self, operation: Operation) -> Armed | None:
        """The fault that strikes now, if any: the one armed first."""
        for at, fault in enumerate(self._armed):
            if fault.operation is not operation or self._random.random() >= fault.rate:
                continue
            if fault.count == 1:
                del self._armed[at]
            elif fault.count is not None:
                self._armed[at] = replace(fault, count=fault.count - 1)
            return fault
        return None


def fault_in_prompt(prompt: str) -> Armed | None:
    """The fault that ``prompt`` asks for with ``sandbox:NAME``, for its own job; ``fail`` is short for ``task-fails``.

    Raises ``Refused`` for a name that is unknown, or that strikes neither creates nor work.
    """
    asked = _IN_PROMPT.search(prompt)
    if asked is None:
        return None
    name = "task-fails" if asked[1] == "fail" else asked[1]
    fault = read_fault({"name": name})
    if fault.operation is Operation.CALLBACK:
        raise Refused("invalid_request", f"A prompt cannot ask for '{name}': it strikes callbacks.")
    return fault


def fault_from_text(text: str) -> Armed:
    """The fault in ``NAME[:RATE][,SETTING=VALUE]...``. With a rate it has no end, unless ``count`` gives one.

    Raises ``Refused``.
    """
    head, *settings = text.split(",")
    name, colon, rate = head.partition(":")
    body: dict[str, object] = {"name": name}
    if colon:
        body |= {"rate": _number("rate", rate), "count": None}
    for setting in settings:
        key, _, value = setting.partition("=")
        body[key] = value if key in _TEXTS else _number(key, value)
    return read_fault(body)


def read_fault(body: object) -> Armed:
    """The fault that ``body`` asks for, as in ``{"name": "late-answer", "seconds": 3}``. Raises ``Refused``."""
    fields = body if isinstance(body, dict) else {}
    unknown = fields.keys() - {"name", "operation", "rate", "count", "seconds", "retry_after"}
    kind = FAULTS.get(str(fields.get("name")))
    if kind is None:
        hint = suggestion(str(fields.get("name")), FAULTS)
        known = f"The faults are {', '.join(FAULTS)}; {_SEE}"
        raise Refused("invalid_request", f"There is no fault {_quoted(fields.get('name'))}{hint or '.'} {known}")
    if unknown:
        raise Refused("invalid_request", f"A fault has no setting {_quoted(min(unknown))}; {_SEE}")
    operations = {operation.value: operation for operation in kind.operations}
    operation = operations.get(str(fields.get("operation", kind.operations[0].value)))
    if operation is None:
        raise Refused("invalid_request", f"This fault's 'operation' is one of: {', '.join(operations)}.")
    count = fields.get("count", 1)
    if count is not None and not (isinstance(count, int) and count >= 1):
        raise Refused("invalid_request", "'count' is a number from 1, or null for no end.")
    retry_after = fields.get("retry_after")
    if retry_after is not None and not (
        isinstance(retry_after, str) and retry_after.isascii() and retry_after.isprintable()
    ):
        raise Refused("invalid_request", "'retry_after' is the text of the header.")
    return Armed(
        name=fields["name"],
        operation=operation,
        rate=_between(fields, "rate", 1.0, largest=1.0),
        count=count,
        seconds=_between(fields, "seconds", 5.0, largest=MAX_LATE_SECONDS),
        retry_after=retry_after,
    )


def _between(fields: Mapping[str, object], name: str, default: float, *, largest: float) -> float:
    value = fields.get(name, default)
    if not isinstance(value, (int, float)) or not 0 <= value <= largest:
        raise Refused("invalid_request", f"'{name}' is a number from 0 to {largest:g}.")
    return value


def _number(name: str, text: str) -> float:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError as exc:
        raise Refused("invalid_request", f"'{name[:40]}' is a number, not {_quoted(text)}.") from exc


def _quoted(value: object) -> str:
    return repr(value)[:60]
