"""Faults by name: what can be made to go wrong, and when it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import TypeAlias

from starlette.responses import RedirectResponse, Response

from preflight.sandbox.misbehaviour import HangUp, Late, Torn, malformed, without_task_id
from preflight.sandbox.refusals import ERRORS, refusal


class Operation(Enum):
    """What a fault strikes: a request to the API, the work on a task, or the call back when it has ended."""

    CREATE = "create"
    TASK = "task"
    CREDITS = "credits"
    WORK = "work"
    CALLBACK = "callback"


REQUESTS = (Operation.CREATE, Operation.TASK, Operation.CREDITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """A fault lying in wait: it strikes each matching operation with probability ``rate``, ``count`` times in all.

    ``count`` is ``None`` for no end. ``seconds`` is for ``late-answer``; ``retry_after`` is sent as it is.
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
    a request that was done: a create was billed. Faults of work and callbacks have neither: these look for their names.
    ``unread``: it strikes when the headers are in, before the body is read.
    """

    summary: str
    operations: tuple[Operation, ...] = (Operation.CREATE,)
    instead: Instead | None = None
    afterwards: Afterwards | None = None
    unread: bool = False


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
