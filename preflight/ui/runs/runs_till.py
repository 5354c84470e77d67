"""Pays for the jobs of a run that passed: shows the total, asks once, and sends each job once within a budget.

The code of ``preflight submit RUN``: the ledger refuses a second payment, whatever is pressed how often, in how many
tabs, and whichever server died before. Then it waits for their tasks, and saves the results (``runs_follow.py``).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from preflight.checking.engine import Engine
from preflight.errors import ConfigurationError, PreflightError
from preflight.ledger.doubts import ids_in_doubt
from preflight.ledger.sums import cost_of_run
from preflight.redact.advice import for_command
from preflight.runs.payments.pay_one import Payer
from preflight.runs.payments.payable import as_in_the_run
from preflight.runs.payments.paying import RunPayment
from preflight.runs.payments.proposals import proposal_of
from preflight.sources.download_folder import require_download_folder
from preflight.submit.settle import read_balance
from preflight.ui.runs.runs_follow import FOLDER, follow
from preflight.ui.runs.runs_purchase import Phase, Purchase, client_of, locked_plan

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from preflight.model import Job, JobReport
    from preflight.ui.services import Services

_AT_ONCE: Final = 4
_RUNS_AT_ONCE: Final = 8
_BUG: Final = "internal error: the terminal of 'preflight ui' has the details, and the ledger what was sent"
_LOG = logging.getLogger("preflight.ui")


class RunTill:
    """The payments of one server, one a run at a time. ``close`` waits for requests under way, and for no task."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._purchases: dict[Path, Purchase] = {}
        self._threads = ThreadPoolExecutor(_RUNS_AT_ONCE, "preflight-run-till")

    def of(self, folder: Path) -> Purchase:
        """The payment of that run, as far as this server knows of one."""
        with self._lock:
            return self._purchases.setdefault(folder, Purchase())

    def prepare(self, services: Services, folder: Path, budget: Decimal) -> None:
        """Work out the total for the question, unless a payment goes on."""
        purchase = self._begun(folder, Phase.PREPARING)
        if purchase is not None:
            purchase.budget = budget
            self._threads.submit(self._step, purchase, partial(self._prepared, services, folder, purchase))

    def confirm(self, services: Services, folder: Path, question: str, *, saves: bool) -> None:
        """The yes to ``question``. A second one, or one to another question, does nothing.

        The tasks are followed then, and their results are saved where ``saves``.
        """
        purchase = self.of(folder)
        with self._lock:
            if purchase.phase is not Phase.ASKING or not secrets.compare_digest(purchase.question, question):
                return
            purchase.phase, purchase.saves, purchase.is_sent = Phase.PAYING, saves, True
        self._threads.submit(self._step, purchase, partial(self._paid_and_followed, services, folder, purchase))

    def follow(self, services: Services, folder: Path) -> None:
        """Wait for the tasks of jobs that were sent before, and save their results. Nothing is sent."""
        purchase = self._begun(folder, Phase.FOLLOWING)
        if purchase is not None:
            purchase.saves = True
            self._threads.submit(self._step, purchase, partial(follow, services, folder, purchase))

    def stop(self, folder: Path) -> None:
        """Send nothing more; requests under way end. A question is taken back."""
        purchase = self.of(folder)
        with self._lock:
            purchase.is_stopped = True
            purchase.stop.set()
            if purchase.phase is Phase.ASKING:
                purchase.phase = Phase.NONE

    def close(self) -> None:
        """Send nothing more, and let requests under way end: their outcome is recorded."""
        with self._lock:
            purchases = list(self._purchases.values())
            for purchase in purchases:
                purchase.is_stopped = True
                purchase.stop.set()
        self._threads.shutdown(cancel_futures=True)

    def _begun(self, folder: Path, phase: Phase) -> Purchase | None:
        """The payment of that run, which begins something; ``None`` while something else goes on."""
        purchase = self.of(folder)
        with self._lock:
            if purchase.is_busy:
                return None
            purchase.begin(phase)
            return purchase

    def _step(self, purchase: Purchase, work: Callable[[], Phase]) -> None:
        try:
            phase = work()
        except PreflightError as error:
            purchase.why, phase = for_command(error), Phase.HELD
        except Exception:  # noqa: BLE001 - logged: the page must not wait for ever
            _LOG.exception("the payment of a run failed")
            purchase.why, phase = _BUG, Phase.HELD
        with self._lock:
            purchase.phase = phase

    def _prepared(self, services: Services, folder: Path, purchase: Purchase) -> Phase:
        with ExitStack() as stack:
            client = client_of(services)
            run, plan = locked_plan(services, folder, client, stack)
            require_download_folder(folder / FOLDER)
            balance = read_balance(client, services.ledger.now)
            purchase.proposal = proposal_of(
                run, plan, services.ledger, service=services.url, budget=purchase.budget, balance=balance
            )
            purchase.doubts = len(ids_in_doubt(services.ledger) & {each.entry for each in plan.jobs})
        purchase.question = secrets.token_urlsafe(16)
        if not plan.new:
            purchase.taken = purchase.proposal.taken
            purchase.why = "every job that passed is in the ledger already: nothing is left to submit"
            return Phase.HELD
        return Phase.ASKING

    def _paid_and_followed(self, services: Services, folder: Path, purchase: Purchase) -> Phase:
        self._paid(services, folder, purchase)
        with self._lock:
            if purchase.is_stopped:
                return Phase.DONE
            purchase.stop = Event()  # that of the payment is set at its end
            purchase.phase = Phase.FOLLOWING
        return follow(services, folder, purchase)

    def _paid(self, services: Services, folder: Path, purchase: Purchase) -> None:
        proposal = purchase.proposal
        assert proposal is not None, "only a proposal is agreed to"
        with ExitStack() as stack:
            client = client_of(services)
            run, plan = locked_plan(services, folder, client, stack)
            if plan.high > proposal.high or plan.new > proposal.new:
                raise ConfigurationError("the price of what is left has changed since you were asked: look at it again")
            engine = stack.enter_context(
                Engine(replace(as_in_the_run(services.options, run.run), thorough=True, uploaded=True))
            )
            purchase.jobs = len(plan.jobs)
            payments = RunPayment(
                run,
                plan,
                Payer(
                    client=client,
                    ledger=services.ledger,
                    budget=replace(services.budget, per_run=purchase.budget, run=run.run.id),
                    check=partial(_checked, engine),
                    callback=None,
                    waiting=None,
                    stop=purchase.stop,
                ),
                at_once=_AT_ONCE,
                stop=purchase.stop,
                tick=purchase.count,
            ).to_the_end()
            purchase.count(payments)
            purchase.taken = cost_of_run(services.ledger, run.run.id)
        purchase.why = payments.stopped or ""


def _checked(engine: Engine, job: Job) -> JobReport:
    return engine.check([job]).jobs[0]
