"""Check, then pay: the one place where a job is handed to the service."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from preflight.client import Client, Task
from preflight.errors import (
    ApiRefusal,
    ApiUnreachable,
    ConfigurationError,
    LedgerUnusable,
    NotSubmitted,
    OutcomeUnknown,
    TaskFailed,
)
from preflight.ledger import Budget, Claim, Entry, Ledger, order_of
from preflight.ledger.ledger import SETTLING
from preflight.model import Job, JobReport, Quote, Verdict
from preflight.submit.settle import look, settle

_SENDINGS = 4
"""Of one paid request, where the service cannot have taken the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Our paid request and what became of it.

    ``state`` is ``accepted``, ``completed`` or ``failed``; ``error`` is the service's word on a failure. ``entry`` is
    its number in the ledger. ``outputs`` are the URLs of the results, which may carry a signature; ``files`` is where
    they were saved. ``refunded`` is whether the balance shows that the credits of a failed task came back; ``None``
    where it cannot be told.
    """

    state: str
    task_id: str
    quote: Quote | None
    outputs: tuple[str, ...] = field(default=(), repr=False)
    error: str | None = None
    files: tuple[str, ...] = ()
    entry: int | None = None
    refunded: bool | None = None

    @classmethod
    def of(cls, task: Task, entry: Entry | None) -> Submission:
        """How ``task`` stands, ``entry`` being its entry where the ledger has one."""
        return cls(
            state=task.status_text,
            task_id=task.id,
            quote=None,
            outputs=task.outputs,
            error=f"{task.error.code}: {task.error.message}" if task.error else None,
            entry=entry.id if entry else None,
            refunded=entry.refunded if entry else None,
        )


def require_sound(report: JobReport) -> None:
    """Raise ``NotSubmitted`` for a job that fails its check or could not be examined."""
    if report.verdict is Verdict.FAIL:
        raise NotSubmitted("not sent: the check found what the service would refuse")
    if report.verdict is Verdict.INDETERMINATE:
        raise NotSubmitted("not sent: not everything could be examined")


def request_body(job: Job) -> Mapping[str, object]:
    """The body of the paid request: the job as its author wrote it."""
    assert isinstance(job.body, dict), "a sound job is a mapping"
    return job.body


def submit_job(
    job: Job,
    report: JobReport,
    client: Client,
    ledger: Ledger,
    *,
    again: bool = False,
    budget: Budget | None = None,
    callback: str | None = None,
    wait: bool = False,
    timeout: float | None = None,
    on_accepted: Callable[[str], object] | None = None,
    on_update: Callable[[Task], object] | None = None,
) -> Submission:
    """Send ``job``, whose check is ``report``, once, and perhaps wait for its task.

    It stands in ``ledger`` before its first byte leaves. ``again`` allows a job that was paid for before. ``callback``
    is the URL of a receiver (``preflight listen``): a job without a callback URL gets one below it, secret and its own.
    ``on_accepted`` is called with the task's id the moment it is known.

    Raises ``NotSubmitted`` (``AlreadySubmitted``, ``StillUnknown``, ``OverBudget``) and ``LedgerUnusable`` before
    anything is sent, ``ApiError`` of the client, ``OutcomeUnknown`` when the job may have been taken, ``WaitTimeout``
    when ``timeout`` seconds of waiting are over; the task then goes on.
    """
    require_sound(report)
    body, token_hash = _with_callback(request_body(job), callback)
    order = order_of(job, report)
    with ledger.intend(order, api=client.base_url, again=again, budget=budget, token_hash=token_hash) as claim:
        before = look(client, ledger.now())
        if before is not None:
            claim.weigh("before", before)
        claim.leaves(1)
        task_id = _pay(client, body, claim, ledger.now)
        try:
            _write_down(claim, task_id)
        finally:
            if on_accepted is not None:
                on_accepted(task_id)
        if before is not None and (after := look(client, ledger.now())) is not None:
            with suppress(LedgerUnusable):  # what was charged is good to know, and nothing depends on it
                claim.weigh("after", after)
    if not wait:
        return Submission(state="accepted", task_id=task_id, quote=report.quote, entry=claim.entry_id)
    return await_task(client, task_id, ledger=ledger, quote=report.quote, timeout=timeout, on_update=on_update)


def await_task(
    client: Client,
    task_id: str,
    *,
    ledger: Ledger | None = None,
    quote: Quote | None = None,
    timeout: float | None = None,
    on_update: Callable[[Task], object] | None = None,
) -> Submission:
    """Wait for a task to end, and write it down. A failed one is an outcome, not an exception."""
    latest: list[Task] = []

    def update(task: Task) -> None:
        latest[:] = [task]
        if on_update is not None:
            on_update(task)

    error: str | None = None
    try:
        latest[:] = [client.wait(task_id, timeout=timeout, on_update=update)]
    except TaskFailed as failed:
        error = str(failed)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"the task goes on: preflight task wait {task_id}")
        raise
    (task,) = latest
    entry = None
    if ledger is not None:
        # The result was paid for: it is not held back, and is written down when it is seen again.
        with suppress(LedgerUnusable):
            entry = settle(ledger, client, task)
    return Submission(
        state="completed" if error is None else "failed",
        task_id=task_id,
        quote=quote,
        outputs=() if error is not None else task.outputs,
        error=error,
        entry=entry.id if entry else None,
        refunded=entry.refunded if entry else None,
    )


def token_hash_of(token: str) -> str:
    """What the ledger keeps of the secret in a callback URL."""
    return sha256(token.encode()).hexdigest()


def _with_callback(body: Mapping[str, object], callback: str | None) -> tuple[Mapping[str, object], str | None]:
    if callback is None or body.get("callback_url"):
        return body, None
    token = secrets.token_urlsafe(24)
    return {**body, "callback_url": f"{callback.rstrip('/')}/{token}"}, token_hash_of(token)


def _pay(client: Client, body: Mapping[str, object], claim: Claim, now: Callable[[], datetime]) -> str:
    """The one paid request, and what came of it in the ledger. Returns the task's id."""
    try:
        return client.create_task(body, attempts=_SENDINGS, on_attempt=claim.leaves)
    except (ApiRefusal, ApiUnreachable, ConfigurationError) as error:
        with suppress(LedgerUnusable):  # the refusal says more; what was not written down is settled as after a death
            claim.refused(str(error))
        raise
    except OutcomeUnknown as error:
        error.entry_id = claim.entry_id
        _leave_unknown(claim, str(error), settles_at=now() + SETTLING, task_id=error.task_id)
        raise
    except KeyboardInterrupt as interrupt:
        unknown = OutcomeUnknown("interrupted while the paid request was under way")
        unknown.entry_id = claim.entry_id
        _leave_unknown(claim, str(unknown), settles_at=now() + SETTLING)
        raise unknown from interrupt
    except BaseException:
        _leave_unknown(claim, "the paid request ended in an error of preflight", settles_at=now() + SETTLING)
        raise


def _leave_unknown(claim: Claim, what: str, *, settles_at: datetime, task_id: str | None = None) -> None:
    # A ledger that cannot be written says the same by itself, once this process has gone.
    with suppress(LedgerUnusable):
        claim.unknown(what, settles_at=settles_at, task_id=task_id)


def _write_down(claim: Claim, task_id: str) -> None:
    try:
        try:
            claim.accepted(task_id)
        except KeyboardInterrupt:
            claim.accepted(task_id)  # known, and paid for: it is kept before anything ends
            raise
    except LedgerUnusable as error:
        unknown = OutcomeUnknown(
            f"the job was accepted as task {task_id}, and that could not be written down: {error}. When it can:"
            f" preflight ledger resolve {claim.entry_id} --task {task_id}"
        )
        unknown.entry_id = claim.entry_id
        raise unknown from error
