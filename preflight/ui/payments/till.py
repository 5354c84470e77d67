"""Pays for a draft: uploads its files, checks what the service will read, shows it and asks, and sends it once.

All of it goes through ``submit_job`` and the ledger, as ``preflight submit`` does: a job that another tab, another
process or an earlier server has sent is refused there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Self, TypeAlias

from preflight.checking.engine import Engine
from preflight.client import Client
from preflight.errors import (
    AlreadySubmitted,
    ConfigurationError,
    NotSubmitted,
    OutcomeUnknown,
    PreflightError,
    StillUnknown,
)
from preflight.ledger import PaidRequest, paid_request_of
from preflight.model import Job, JobReport
from preflight.redact.advice import for_command
from preflight.submit.proposal import LocalSource, Proposal
from preflight.submit.recheck import require_sound
from preflight.submit.settle import read_balance
from preflight.submit.submit import require_covered, submit_job
from preflight.ui.job.drafts import Draft
from preflight.ui.payments.payment import Payment, Step
from preflight.upload.job_media import deliver, local_paths, read_local_files

if TYPE_CHECKING:
    from preflight.ui.job.desk import Desk

_Work: TypeAlias = Callable[[Draft, Payment], Payment]

_AT_ONCE = 2
_NO_URL = (
    "the service fetches both files from a URL, and these are on this machine: start preflight ui with"
    " --upload s3://BUCKET/PREFIX (or --upload-command), or put them at a URL and paste that"
)
_BUG = "internal error: the terminal of 'preflight ui' has the details, and the ledger whether anything was sent"
_LOG = logging.getLogger("preflight.ui")
_DEARER = "the price has changed since you were asked: look at it again"


class Till:
    """Use it in ``with``, within that of its desk: it keeps threads."""

    def __init__(self, desk: Desk) -> None:
        self._services = desk.services
        self._specs = desk.services.options.specs
        self._engine = Engine(replace(desk.services.options, uploaded=True), resources=desk.resources)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "preflight-till")
        self._repeating = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()  # a paid request that is under way is finished, and recorded

    def why_not(self, draft: Draft) -> str | None:
        """Why ``draft`` cannot be paid for from this page at all; ``None`` where it can."""
        if self._services.client is None:
            return self._services.why_no_key
        if self._services.uploader is None and any(each.path is not None for each in draft.files.values()):
            return _NO_URL
        return None

    def prepare(self, draft: Draft, *, again: bool = False) -> None:
        """Begin to make ``draft`` ready for the question, unless it is on the way or was accepted.

        ``again``: to pay once more for a job that the page has just said was submitted before.
        """
        with draft.lock:
            before = draft.payment
            if before.is_busy or draft.doing is not None or (again and not before.can_repeat):
                return
            if before.step is Step.ACCEPTED and not again:
                return
            repeated = before.entry if again else None
            draft.payment = Payment(step=Step.PREPARING, doing="Getting ready", again=repeated)
        self._threads.submit(self._step, draft, self._prepared)

    def confirm(self, draft: Draft, question: str) -> None:
        """The yes to ``question``. A second one, or one to another question, does nothing."""
        with draft.lock:
            if draft.payment.step is not Step.ASKING or draft.payment.question != question:
                return
            draft.payment = replace(draft.payment, step=Step.PAYING, doing="Sending the job, once")
        self._threads.submit(self._step, draft, self._paid)

    def _step(self, draft: Draft, work: _Work) -> None:
        """Do one step: whatever comes of it ends up in the draft's payment, so that the page never waits for ever."""
        try:
            ended = work(draft, draft.payment)
        except OutcomeUnknown as error:
            ended = draft.payment.ended(Step.IN_DOUBT, for_command(error), error.entry_id)
        except (AlreadySubmitted, StillUnknown) as error:
            ended = self._held(draft, error)
        except PreflightError as error:
            ended = draft.payment.ended(Step.HELD, for_command(error))
        except Exception:  # noqa: BLE001 - logged
            _LOG.exception("a step of a payment failed")
            ended = draft.payment.ended(Step.IN_DOUBT, _BUG)
        with draft.lock:
            draft.payment = ended

    def _held(self, draft: Draft, error: AlreadySubmitted | StillUnknown) -> Payment:
        entry = self._services.ledger.entry(error.entry_id)
        if entry.state.in_doubt:
            return draft.payment.ended(Step.HELD, for_command(error), entry.id)
        if isinstance(error, StillUnknown):  # refused, and perhaps charged late
            return draft.payment.ended(Step.HELD, for_command(error), entry.id, can_repeat=True)
        why = f"This job was already submitted (entry {entry.id} of the ledger, {entry.state.value})."
        return draft.payment.ended(Step.HELD, why, entry.id, can_repeat=True)

    def _prepared(self, draft: Draft, payment: Payment) -> Payment:
        """The question. Raises ``NotSubmitted`` and its like for a job that would not be sent."""
        client, job, hashes = self._client(), draft.job(), dict[str, LocalSource]()
        if paths := local_paths(job, self._specs):
            if self._services.uploader is None:
                raise ConfigurationError(_NO_URL)
            self._say(draft, f"Uploading {len(paths)} file{'s' if len(paths) > 1 else ''}")
            files = read_local_files(job, self._specs)
            hashes = {
                each.field: LocalSource(path=each.content.path.name, sha256=each.content.sha256) for each in files
            }
            job = deliver(job, files, self._services.uploader).job
        self._say(draft, "Checking what the service will read")
        report = self._checked(job)
        request = paid_request_of(job, report, _hashes(hashes), self._specs)
        ledger, is_again = self._services.ledger, payment.again is not None
        ledger.require_payable(request, api=client.base_url, again=is_again, budget=self._services.budget)
        if is_again:
            self._require_last(request, payment.again)
        balance = read_balance(client, ledger.now)
        require_covered(balance, request.high)
        assert report.quote is not None, "a request that is payable has a price"
        return payment.asking(
            job,
            report,
            Proposal(
                report=report,
                quote=report.quote,
                name="from this page",
                service=self._services.url,
                balance=None if balance is None else balance.balance,
                why_unknown="not known: the service did not say",
                files=hashes,
            ),
        )

    def _paid(self, _: Draft, payment: Payment) -> Payment:
        job, report, proposal = payment.job, payment.report, payment.proposal
        assert job is not None, "only a proposal is paid for"
        assert report is not None, "the same"
        assert proposal is not None, "the same"
        agreed = proposal.quote.high

        def agree(latest: JobReport) -> None:
            if latest.quote is None or latest.quote.high > agreed:
                raise NotSubmitted(f"not sent: {_DEARER}")

        hashes = _hashes(proposal.files)
        with self._repeating if payment.again is not None else nullcontext():
            if payment.again is not None:
                self._require_last(paid_request_of(job, report, hashes, self._specs), payment.again)
            submission = submit_job(
                job,
                report,
                self._client(),
                self._services.ledger,
                check=lambda: self._checked(job),
                agree=agree,
                again=payment.again is not None,
                budget=self._services.budget,
                hashes=hashes,
                specs=self._specs,
            )
        return payment.ended(Step.ACCEPTED, entry=submission.entry, can_repeat=True)

    def _require_last(self, request: PaidRequest, entry_id: int | None) -> None:
        """Raise ``AlreadySubmitted`` where the job was submitted once more since somebody chose to repeat that entry:
        a second tab repeats it as well only after another question."""
        latest = self._services.ledger.last_of(request, self._client().base_url)
        if latest is not None and latest.id != entry_id:
            raise AlreadySubmitted("not sent: the job was submitted again meanwhile", entry_id=latest.id)

    def _checked(self, job: Job) -> JobReport:
        report = self._engine.check([job]).jobs[0]
        require_sound(report)
        return report

    def _client(self) -> Client:
        if self._services.client is None:
            raise ConfigurationError(self._services.why_no_key)
        return self._services.client

    def _say(self, draft: Draft, doing: str) -> None:
        with draft.lock:
            draft.payment = replace(draft.payment, doing=doing)


def _hashes(files: Mapping[str, LocalSource]) -> dict[str, str]:
    return {field: file.sha256 for field, file in files.items()}
