"""Check, then pay: the one place where a job is handed to the service."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from shlex import quote

from preflight.client import Client, Task
from preflight.errors import BalanceTooLow, LedgerUnusable, NotSubmitted, OutcomeUnknown, TaskFailed
from preflight.ledger import Balance, Budget, Claim, Entry, Ledger, paid_request_of
from preflight.model import Job, JobReport, Quote
from preflight.model.exchange import Exchangeable
from preflight.model.shell_argument import as_argument
from preflight.redact.advice import Advice
from preflight.specs import BUILT_IN, Specs
from preflight.submit.pay import pay
from preflight.submit.recheck import is_too_old, require_sound, sound_now
from preflight.submit.settle import read_balance, require_not_charged_late, settle

_ROUNDS = 3
"""How often submitting starts over when the check becomes too old on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidMedia:
    """A file that was paid for: its field, its URL without the query string, and its SHA-256 where all was read."""

    field: str
    kind: str
    source: str
    sha256: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(Exchangeable):
    """Our paid request and its outcome.

    ``state`` is ``accepted``, ``completed`` or ``failed``; ``error`` is the service's word on a failure. ``entry`` is
    its number in the ledger. ``outputs`` are the URLs of the results, which may carry a signature; ``files`` is where
    they were saved. ``media`` is what was paid for. ``refunded`` is whether the balance shows that the credits of a
    failed task came back; ``None`` where it cannot be told.
    """

    state: str
    task_id: str
    quote: Quote | None
    outputs: tuple[str, ...] = field(default=(), repr=False)
    error: str | None = None
    files: tuple[str, ...] = ()
    media: tuple[PaidMedia, ...] = ()
    entry: int | None = None
    refunded: bool | None = None

    @classmethod
    def of(cls, task: Task, entry: Entry | None) -> Submission:
        """The state of ``task``, ``entry`` being its entry where the ledger has one."""
        return cls(
            state=task.status_text,
            task_id=task.id,
            quote=None,
            outputs=task.outputs,
            error=f"{task.error.code}: {task.error.message}" if task.error else None,
            entry=entry.id if entry else None,
            refunded=entry.refunded if entry else None,
        )


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
    check: Callable[[], JobReport] | None = None,
    agree: Callable[[JobReport], object] | None = None,
    again: bool = False,
    budget: Budget | None = None,
    callback: str | None = None,
    hashes: Mapping[str, str] | None = None,
    specs: Specs = BUILT_IN,
    wait: bool = False,
    timeout: float | None = None,
    on_changed: Callable[[], object] = lambda: None,
    on_accepted: Callable[[str], object] | None = None,
    on_update: Callable[[Task], object] | None = None,
    on_resend: Callable[[], object] = lambda: None,
) -> Submission:
    """Send ``job``, whose check is ``report``, once, and perhaps wait for its task.

    A check that is older than ``recheck.MAX_AGE`` when the job would leave is made again with ``check``; ``on_changed``
    is called if the files have changed by then, and ``agree`` with a check whose price is another, which it may refuse
    by raising. The job is recorded in ``ledger`` before its first byte leaves. ``again`` allows a job that was paid for
    before. ``callback`` is the URL of a receiver (``preflight listen``): a job without a callback URL gets one below
    it, secret and its own. ``hashes`` has the SHA-256 of each file that was uploaded for the job, by field: it is the
    same job wherever these bytes are, and is not sent if they changed. ``specs`` are those of the check.
    ``on_accepted`` is called with the task's id the moment it is known, ``on_resend`` as in ``pay``.

    Raises ``NotSubmitted`` (``AlreadySubmitted``, ``StillUnknown``, ``OverBudget``, ``BalanceTooLow``) and
    ``LedgerUnusable`` before anything is sent, also where ``report`` is the check of another job, or too old and
    ``check`` is not given; ``ApiError`` of the client, ``OutcomeUnknown`` when the job may have been taken,
    ``WaitTimeout`` when ``timeout`` seconds of waiting are over; the task then goes on.
    """
    body, token_hash = _with_callback(request_body(job), callback)
    account = client.account(ledger.account_of)
    changed = _refuse_changed if hashes else on_changed
    for _ in range(_ROUNDS):
        require_sound(report)
        before = read_balance(client, ledger.now)
        report = sound_now(report, ledger.now, check=check, agree=agree, on_changed=changed)
        request = paid_request_of(job, report, hashes, specs)
        require_covered(before, request.high)
        if not again:
            require_not_charged_late(ledger, request, api=client.base_url, account=account, now=before)
        with ledger.begin(
            request,
            api=client.base_url,
            account=account,
            again=again,
            budget=budget,
            token_hash=token_hash,
        ) as claim:
            if before is not None:
                claim.record_balance("before", before)
            if is_too_old(report, ledger.now()):
                claim.refused("nothing was sent: its check became too old while the ledger was busy")
                continue
            claim.about_to_send(1)
            task_id = pay(client, body, claim, ledger, before, on_resend=on_resend)
            try:
                _write_down(claim, task_id)
            finally:
                if on_accepted is not None:
                    on_accepted(task_id)
            if before is not None and (after := read_balance(client, ledger.now, late=True)) is not None:
                with suppress(LedgerUnusable):  # the charge is good to know, and nothing depends on it
                    claim.record_balance("after", after)
        media = _media_of(report, hashes or {})
        if not wait:
            return Submission(state="accepted", task_id=task_id, quote=report.quote, entry=claim.entry_id, media=media)
        done = await_task(client, task_id, ledger=ledger, quote=report.quote, timeout=timeout, on_update=on_update)
        return replace(done, media=media)
    raise NotSubmitted("not sent: the check became too old before the job could be sent; try again")


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
        interrupt.add_note(f"the task goes on: preflight task wait {as_argument(task_id)}")
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
    """The hash that the ledger keeps of the secret in a callback URL."""
    return sha256(token.encode()).hexdigest()


def require_covered(balance: Balance | None, high: Decimal) -> None:
    """Raise ``BalanceTooLow`` for a job that may cost more than the account holds, as far as that is known."""
    if balance is not None and balance.balance < high:
        raise BalanceTooLow(
            f"not sent: the balance is {balance.balance:f} credits, and the job may cost {high:f}; top up the account"
        )


def _refuse_changed() -> None:
    raise NotSubmitted("not sent: the uploaded files are no longer the same at their URLs")


def _media_of(report: JobReport, hashes: Mapping[str, str]) -> tuple[PaidMedia, ...]:
    return tuple(
        PaidMedia(
            field=subject.field,
            kind=subject.kind.value,
            source=subject.source,
            sha256=hashes.get(subject.field),
            size_bytes=subject.facts.size_bytes if subject.facts else None,
        )
        for subject in report.subjects
        if subject.field is not None
    )


def _with_callback(body: Mapping[str, object], callback: str | None) -> tuple[Mapping[str, object], str | None]:
    if callback is None or body.get("callback_url"):
        return body, None
    token = secrets.token_urlsafe(24)
    return {**body, "callback_url": f"{callback.rstrip('/')}/{token}"}, token_hash_of(token)


def _write_down(claim: Claim, task_id: str) -> None:
    try:
        try:
            claim.accepted(task_id)
        except KeyboardInterrupt:
            claim.accepted(task_id)  # known, and paid for: it is kept before anything ends
            raise
    except LedgerUnusable as error:
        unknown = OutcomeUnknown(
            Advice.of(
                f"the job was accepted as task {task_id}, but the ledger could not record it: {error}. Once it can",
                library=f", resolve entry {claim.entry_id} with that task",
                command=f": preflight ledger resolve {claim.entry_id} --task={quote(task_id)}",
            )
        )
        unknown.entry_id = claim.entry_id
        raise unknown from error
