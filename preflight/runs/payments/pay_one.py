"""Brings one job of a run to its end: sends it by ``submit_job``, or follows the task that it has already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING, Any

from preflight.bounded_file import is_file
from preflight.errors import (
    AlreadySubmitted,
    ApiError,
    ApiRefusal,
    ApiUnreachable,
    BalanceTooLow,
    ConfigurationError,
    InsufficientCredits,
    InvalidApiKey,
    IpNotAllowed,
    NotSubmitted,
    OutcomeUnknown,
    OverBudget,
    RateLimitExceeded,
    SourceError,
    SpendLimitExceeded,
    StillUnknown,
    WaitTimeout,
)
from preflight.ledger import Budget, EntryState
from preflight.ledger.sums import cost_of_run
from preflight.runs.payments.settled import NOT_SENT, End, Settled, settled
from preflight.submit.recheck import require_sound
from preflight.submit.submit import Submission, await_task, submit_job
from preflight.upload.store_errors import UploadFailed

if TYPE_CHECKING:
    from preflight.client import Client, Task
    from preflight.ledger import Entry, Ledger
    from preflight.model import Job, JobReport
    from preflight.runs.payments.payable import Payable

_NOTHING_HELPS = (InsufficientCredits, SpendLimitExceeded, InvalidApiKey, IpNotAllowed, ApiUnreachable, BalanceTooLow)
"""What the next job would meet as well: nothing more is sent."""


class TooManyRequests(Exception):
    """The service took nothing, and asks to come back later."""

    def __init__(self, refusal: RateLimitExceeded) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class Stopped(Exception):
    """No further job can be paid for. ``end`` is that of this one."""

    def __init__(self, why: str, end: Settled) -> None:
        super().__init__(why)
        self.why = why
        self.end = end


class GivenUp(Exception):
    """Waiting for a task was given up, because the run was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Whether tasks are waited for, how long, by which client, and how their results are saved.

    ``client`` sleeps by a function that raises ``GivenUp`` once the run is stopped. ``save`` returns the submission
    with its files, and whether all were saved. ``on_update`` is called with each new state of a task.
    """

    client: Client
    timeout: float | None
    save: Callable[[Submission], tuple[Submission, bool]] | None
    on_update: Callable[[Task], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays, and on which terms. ``check`` checks a job now; ``waiting`` is ``None`` where nobody waits.
    Unless it ``sends``, it follows only jobs that were sent before.

    Its methods are for any number of threads.
    """

    client: Client
    ledger: Ledger
    budget: Budget
    check: Callable[[Job], JobReport]
    callback: str | None
    waiting: Waiting | None
    stop: Event
    sends: bool = True

    def settle(
        self,
        payable: Payable,
        *,
        entry: int | None,
        earlier: Mapping[str, Any] | None,
        slow: Callable[[], object],
    ) -> Settled:
        """The end of one job. ``entry`` is its entry, ``earlier`` its line, from an earlier start.

        ``slow`` is called where the service refuses a request for a while. Raises ``TooManyRequests`` and ``Stopped``.
        """
        if entry is not None:
            return self._followed(payable, self.ledger.entry(entry), earlier)
        if not self.sends:
            return settled(payable, End.STOPPED, error=_why_not_sent(earlier))
        try:
            accepted = self._sent(payable, slow)
        except (AlreadySubmitted, StillUnknown) as error:
            return self._followed(payable, self.ledger.entry(error.entry_id), earlier)
        except OverBudget as error:
            return settled(payable, End.OVER_BUDGET, error=str(error))
        except OutcomeUnknown as error:
            return settled(payable, End.UNKNOWN, state="unknown", error=str(error), entry=error.entry_id)
        except RateLimitExceeded as error:
            raise TooManyRequests(error) from error
        except _NOTHING_HELPS as error:
            raise Stopped(str(error), settled(payable, End.REFUSED, error=str(error))) from error
        except ConfigurationError as error:
            raise Stopped(str(error), settled(payable, End.MISCONFIGURED, error=str(error))) from error
        except UploadFailed as error:
            raise Stopped(str(error), settled(payable, End.NOT_UPLOADED, error=str(error))) from error
        except (NotSubmitted, SourceError) as error:
            end = End.STOPPED if self.stop.is_set() else End.HELD
            return settled(payable, end, error=str(error))
        except (ApiRefusal, ApiError) as error:
            return settled(payable, End.REFUSED, error=str(error))
        return self._ended(payable, accepted)

    def has_room(self, credits: Decimal) -> bool:  # noqa: A002 - as everywhere
        """Whether so many credits fit into what the budget of the run has left."""
        if self.budget.per_run is None or self.budget.run is None:
            return True
        return cost_of_run(self.ledger, self.budget.run) + credits <= self.budget.per_run

    def known(self, payable: Payable, earlier: Mapping[str, Any] | None) -> Settled | None:
        """The state that the ledger has of a job, without asking anybody; ``None`` where it was not sent."""
        try:
            request = payable.request
        except SourceError:
            return None
        entry = self.ledger.last_of(request, self.client.base_url, refused=False)
        return None if entry is None else _of_entry(payable, entry, earlier)

    def _sent(self, payable: Payable, slow: Callable[[], object]) -> Submission:
        # Asked before the files are read again: a job that may not be paid for costs nobody a request.
        request = payable.request
        self.ledger.require_payable(request, api=self.client.base_url, budget=self.budget)
        self._require_going()

        def on_resend() -> None:
            slow()
            self._require_going()

        def agree(latest: JobReport) -> None:
            assert latest.quote is not None, "a job that passes has a price"
            if latest.quote.high > payable.quote.high:
                raise NotSubmitted(
                    f"not sent: it may cost {latest.quote.high:f} credits now, and {payable.quote.high:f} when the run"
                    " was checked: check it into a new folder"
                )

        job, report, hashes = payable.job, payable.report, dict[str, str]()
        if payable.uploads is not None and payable.local is not None:
            delivered = payable.uploads.delivered(job)
            job, hashes = delivered.job, delivered.hashes
            report = self.check(job)
            require_sound(report)
            agree(report)
            self._require_going()
        return submit_job(
            job,
            report,
            self.client,
            self.ledger,
            check=lambda: self.check(job),
            agree=agree,
            budget=self.budget,
            callback=self.callback,
            hashes=hashes,
            specs=payable.specs,
            on_resend=on_resend,
        )

    def _require_going(self) -> None:
        if self.stop.is_set():
            raise NotSubmitted("not sent: the run was stopped")

    def _followed(self, payable: Payable, entry: Entry, earlier: Mapping[str, Any] | None) -> Settled:
        """The end of a job that was sent before, by this run or otherwise."""
        open_or_done = entry.state in {EntryState.ACCEPTED, EntryState.COMPLETED} and entry.task_id is not None
        if self.waiting is None or not open_or_done:
            return _of_entry(payable, entry, earlier)
        if _is_kept(entry, earlier, saves=self.waiting.save is not None):
            return _of_entry(payable, entry, earlier)
        task_id = str(entry.task_id)
        return self._ended(
            payable, Submission(state=entry.state.value, task_id=task_id, quote=payable.quote, entry=entry.id)
        )

    def _ended(self, payable: Payable, accepted: Submission) -> Settled:
        """The end of a job that was accepted, once its task has ended where somebody waits."""
        if self.waiting is None:
            return settled(payable, End.PAID, submission=accepted)
        entry = accepted.entry
        try:
            done = await_task(
                self.waiting.client,
                accepted.task_id,
                ledger=self.ledger,
                quote=accepted.quote,
                timeout=self.waiting.timeout,
                on_update=self.waiting.on_update,
            )
        except GivenUp:
            return settled(payable, End.PAID, submission=accepted)
        except (WaitTimeout, ApiError) as error:
            return settled(payable, End.NOT_SAVED, submission=accepted, error=str(error))
        done = replace(done, media=accepted.media)
        if done.state == "failed":
            return settled(payable, End.FAILED, submission=done, entry=entry)
        is_saved = True
        if self.waiting.save is not None:
            done, is_saved = self.waiting.save(done)
        return settled(payable, End.PAID if is_saved else End.NOT_SAVED, submission=done, entry=entry)


def _of_entry(payable: Payable, entry: Entry, earlier: Mapping[str, Any] | None = None) -> Settled:
    ends = {EntryState.FAILED: End.FAILED, EntryState.ACCEPTED: End.PAID, EntryState.COMPLETED: End.PAID}
    end = ends.get(entry.state, End.UNKNOWN)
    error = entry.reason if end is not End.PAID else None
    if end is End.UNKNOWN:
        error = f"it may have been paid for: preflight ledger resolve {entry.id}"
    state = entry.state.value if end is not End.UNKNOWN else "unknown"
    made = settled(payable, end, state=state, error=error, entry=entry.id, task_id=entry.task_id)
    line = {**made.line, "refunded": entry.refunded}
    if earlier is not None and earlier.get("entry") == entry.id:
        kept = {name: earlier.get(name) for name in ("outputs", "files", "media")}
        line |= {name: value for name, value in kept.items() if isinstance(value, list)}
    return replace(made, line=line)


def _why_not_sent(earlier: Mapping[str, Any] | None) -> str:
    """Why a job was not sent, as an earlier start wrote it down."""
    said = earlier.get("error") if earlier is not None and earlier.get("state") == NOT_SENT else None
    return said if isinstance(said, str) else "not sent"


def _is_kept(entry: Entry, earlier: Mapping[str, Any] | None, *, saves: bool) -> bool:
    """Whether an earlier start saw the end of the task, and saved its results where they are wanted."""
    if earlier is None or earlier.get("entry") != entry.id or earlier.get("state") != "completed":
        return False
    files = earlier.get("files")
    if not saves:
        return True
    return isinstance(files, list) and bool(files) and all(is_file(str(each)) for each in files)
