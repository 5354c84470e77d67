"""Pays for the jobs of a run that passed: each once, some at the same time, within one budget, and again after a kill.

Every payment is one call of ``submit_job``: the ledger decides what may be sent, and what a killed process left behind.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from threading import Event
from typing import TYPE_CHECKING, Final

from preflight.errors import PreflightError, RateLimitExceeded
from preflight.runs.payments.pace import Pace
from preflight.runs.payments.pay_one import Payer, Stopped, TooManyRequests
from preflight.runs.payments.record import earlier_lines, write_record
from preflight.runs.payments.settled import End, Settled, settled
from preflight.runs.run_errors import RunUnusable

if TYPE_CHECKING:
    from preflight.runs.payments.payable import PaidRun, Payable
    from preflight.runs.payments.payment_plan import Plan, Planned

_TICK_S: Final = 0.25
_KEPT_EVERY_S: Final = 5.0
"""How often ``submissions.jsonl`` is written while jobs end: a killed process leaves what the ledger tells as well."""
_RATE_LIMITED: Final = 6
"""How often one job is tried again after the service refused it for too many requests, every time after a pause."""
_IN_DOUBT: Final = 10
"""Unknown outcomes in a row after which no further job is sent: each reserves money, and nothing comes back."""


@dataclass(slots=True, kw_only=True)
class Payments:
    """What came of a run. ``stopped`` is why jobs were left unsent before their turn.

    ``is_kept``: ``submissions.jsonl`` holds it; else ``stopped`` says why not, though every job may have had its turn.
    """

    ended: dict[int, Settled] = field(default_factory=dict)
    stopped: str | None = None
    interrupted: bool = False
    is_kept: bool = True

    @property
    def in_order(self) -> list[Settled]:
        return [self.ended[row] for row in sorted(self.ended)]

    @property
    def ends(self) -> Counter[End]:
        return Counter(each.end for each in self.ended.values())

    @property
    def states(self) -> Counter[str]:
        return Counter(each.state for each in self.ended.values())


class RunPayment:
    """Sends the jobs of ``plan`` that are new, and follows those that are sent, ``at_once`` at a time.

    The first Ctrl-C sends nothing more, lets requests under way end, and gives up waiting for tasks. ``stop`` tells
    ``payer`` so. ``submissions.jsonl`` is written now and then, and in the end.
    """

    def __init__(
        self,
        paid_run: PaidRun,
        plan: Plan,
        payer: Payer,
        *,
        at_once: int,
        stop: Event,
        tick: Callable[[Payments], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._plan, self._payer, self._stop = paid_run, plan, payer, stop
        self._pace = Pace(at_once, clock=clock)
        self._at_once = at_once
        self._tick, self._clock = tick, clock
        self._result = Payments()
        self._again: deque[tuple[Planned, Payable]] = deque()
        self._tries: Counter[int] = Counter()
        self._doubts = 0
        self._kept_at = clock()
        self._open: dict[Future[Settled], tuple[Planned, Payable]] = {}
        self._before = earlier_lines(paid_run, api=payer.client.base_url)
        self._is_tight = not payer.has_room(plan.high)

    def to_the_end(self) -> Payments:
        """Pay. Raises ``RunUnusable`` where the folder is not that of the run any more; what was sent stays so."""
        pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="paying")
        try:
            try:
                self._send(pool)
                self._collect_all()
            except KeyboardInterrupt:
                self._result.interrupted = True
                self._halt("interrupted")
                self._collect_all()
            except PreflightError as error:
                self._halt(str(error))
                self._collect_all()
                raise
        finally:
            # A request under way is never cut off: its outcome would be unknown.
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
        self._close()
        return self._result

    def _send(self, pool: ThreadPoolExecutor) -> None:
        feed = self._feed()
        while not self._stop.is_set():
            planned, payable = self._again.popleft() if self._again else next(feed, (None, None))
            if planned is None or payable is None:
                if not self._open:
                    return
                self._collect()
                continue
            while not self._stop.is_set() and (len(self._open) >= self._pace.at_once or self._must_wait(planned)):
                self._collect()
            if self._stop.is_set():
                break  # without a line until all is closed
            earlier = self._before.get(payable.row)
            job = pool.submit(self._payer.settle, payable, entry=planned.entry, earlier=earlier, slow=self._pace.slow)
            self._open[job] = planned, payable

    def _must_wait(self, planned: Planned) -> bool:
        """Whether the budget has room for the job only if those under way cost less than they may: their turn was
        before."""
        if not self._open or not self._is_tight or planned.entry is not None:
            return False
        under_way = sum((other.high for other, _ in self._open.values() if other.entry is None), Decimal(0))
        return not self._payer.has_room(planned.high + under_way)

    def _feed(self) -> Iterator[tuple[Planned, Payable]]:
        """The jobs of the plan with their rows. Of two rows with one job, the second shares the end of the first."""
        for part, group in groupby(self._plan.jobs, key=lambda planned: planned.part):
            wanted = {planned.row: planned for planned in group}
            for payable in self._run.passed(part):
                planned = wanted.get(payable.row)
                if planned is not None and planned.same_as is None:
                    yield planned, payable

    def _collect_all(self) -> None:
        while self._open:
            self._collect()

    def _collect(self) -> None:
        """Wait a moment for jobs under way, and write down the end of those that ended."""
        if self._open:
            done, _ = wait(self._open, timeout=_TICK_S, return_when=FIRST_COMPLETED)
        else:
            done = set()
            time.sleep(_TICK_S)
        for job in done:
            planned, payable = self._open.pop(job)
            try:
                self._ended(job.result())
            except TooManyRequests as error:
                self._later(planned, payable, error.refusal)
            except Stopped as error:
                self._ended(error.end)
                self._halt(error.why)
        if self._clock() - self._kept_at >= _KEPT_EVERY_S:
            self._kept_at = self._clock()
            self._keep()
        self._tick(self._result)

    def _keep(self) -> None:
        """Write ``submissions.jsonl``. A full disk stops the run: what was paid for is in the ledger."""
        try:
            ended = [(row, each.line) for row, each in self._result.ended.items()]
            write_record(self._run.store, self._before, ended, api=self._payer.client.base_url)
            self._result.is_kept = True
        except RunUnusable as error:
            self._result.is_kept = False
            self._halt(str(error))

    def _ended(self, end: Settled) -> None:
        self._result.ended[end.row] = end
        if end.end is End.UNKNOWN:
            self._doubts += 1
            if self._doubts >= _IN_DOUBT:
                self._halt(f"the outcome of {_IN_DOUBT} requests in a row is unknown")
        elif end.end in {End.PAID, End.FAILED}:
            self._doubts = 0
            self._pace.went_well()

    def _later(self, planned: Planned, payable: Payable, refusal: RateLimitExceeded) -> None:
        self._pace.slow(refusal.retry_after)
        self._tries[payable.row] += 1
        if self._tries[payable.row] < _RATE_LIMITED and self._result.stopped is None:
            self._again.append((planned, payable))
            return
        self._ended(settled(payable, End.REFUSED, error=str(refusal)))
        self._halt(f"the service refuses further requests: {refusal}")

    def _halt(self, why: str) -> None:
        """Send nothing more."""
        if self._result.stopped is None:
            self._result.stopped = why.removeprefix("not sent: ")  # the line of each job says so
        self._stop.set()

    def _leave(self, payable: Payable) -> None:
        why = self._result.stopped or "interrupted"
        self._result.ended[payable.row] = settled(payable, End.STOPPED, error=f"not sent: {why}")

    def _close(self) -> None:
        """Give every job its line: those that had no turn, and those that are another row's."""
        ended = self._result.ended
        missing = {planned.row: planned for planned in self._plan.jobs if planned.row not in ended}
        for part in sorted({planned.part for planned in missing.values()}):
            for payable in self._run.passed(part):
                planned = missing.get(payable.row)
                if planned is None:
                    continue
                if planned.same_as is None:
                    # What the ledger holds stays what it is, whether or not this start had a look at it.
                    if (known := self._payer.known(payable, self._before.get(payable.row))) is not None:
                        ended[payable.row] = known
                    else:
                        self._leave(payable)
                else:
                    first = ended.get(planned.same_as)
                    ended[payable.row] = settled(
                        payable,
                        End.SAME,
                        state=first.state if first else "not-sent",
                        error=f"the same job as row {planned.same_as}",
                        entry=first.line["entry"] if first else None,
                        task_id=first.line["task_id"] if first else None,
                    )
        self._keep()
