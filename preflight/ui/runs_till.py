"""Pays for the jobs of a run that passed: shows the total, asks once, and sends each job once within a budget.

The code of ``preflight submit RUN``: the ledger refuses a second payment, whatever is pressed how often, in how many
tabs, and whichever server died before.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from preflight.checking.engine import Engine
from preflight.errors import ConfigurationError, PreflightError
from preflight.ledger.doubts import ids_in_doubt
from preflight.ledger.sums import cost_of_run
from preflight.render.run_payment import RunProposal
from preflight.runs.pay_one import Payer
from preflight.runs.payable import PaidRun, Plan, as_in_the_run, make_plan, open_paid_run, require_run
from preflight.runs.paying import Payments, RunPayment
from preflight.runs.proposals import proposal_of
from preflight.runs.store import FolderStore
from preflight.submit.settle import read_balance

if TYPE_CHECKING:
    from preflight.client import Client
    from preflight.model import Job, JobReport
    from preflight.ui.services import Services

_AT_ONCE: Final = 4
_RUNS_AT_ONCE: Final = 2
_BUG: Final = "internal error: the terminal of 'preflight ui' has the details, and the ledger what was sent"
_LOG = logging.getLogger("preflight.ui")


class Phase(Enum):
    """``HELD``: nothing more is sent, and ``Purchase.why`` says why."""

    NONE = "none"
    PREPARING = "preparing"
    ASKING = "asking"
    PAYING = "paying"
    DONE = "done"
    HELD = "held"


@dataclass(slots=True, kw_only=True)
class Purchase:
    """The payment of one run. ``question`` names the proposal that a yes is about; ``states`` counts ended jobs,
    ``doubts`` those that were sent before, and of which nobody knows what came of them."""

    phase: Phase = Phase.NONE
    budget: Decimal = Decimal(0)
    proposal: RunProposal | None = None
    question: str = ""
    why: str = ""
    jobs: int = 0
    states: dict[str, int] = field(default_factory=dict)
    taken: Decimal = Decimal(0)
    doubts: int = 0
    stop: Event = field(default_factory=Event)

    @property
    def is_busy(self) -> bool:
        """Whether something goes on that must not start a second time."""
        return self.phase in {Phase.PREPARING, Phase.PAYING}


class RunTill:
    """The payments of one server, one a run at a time. ``close`` waits for requests under way."""

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
        purchase = self.of(folder)
        with self._lock:
            if purchase.is_busy:
                return
            purchase.phase, purchase.budget, purchase.why, purchase.states = Phase.PREPARING, budget, "", {}
            purchase.stop = Event()
        self._threads.submit(self._step, purchase, partial(self._prepared, services, folder, purchase))

    def confirm(self, services: Services, folder: Path, question: str) -> None:
        """The yes to ``question``. A second one, or one to another question, does nothing."""
        purchase = self.of(folder)
        with self._lock:
            if purchase.phase is not Phase.ASKING or not secrets.compare_digest(purchase.question, question):
                return
            purchase.phase = Phase.PAYING
        self._threads.submit(self._step, purchase, partial(self._paid, services, folder, purchase))

    def stop(self, folder: Path) -> None:
        """Send nothing more; requests under way end. A question is taken back."""
        purchase = self.of(folder)
        with self._lock:
            purchase.stop.set()
            if purchase.phase is Phase.ASKING:
                purchase.phase = Phase.NONE

    def close(self) -> None:
        """Send nothing more, and let requests under way end: their outcome is recorded."""
        with self._lock:
            purchases = list(self._purchases.values())
        for purchase in purchases:
            purchase.stop.set()
        self._threads.shutdown(cancel_futures=True)

    def _step(self, purchase: Purchase, work: Callable[[], Phase]) -> None:
        try:
            phase = work()
        except PreflightError as error:
            purchase.why, phase = str(error), Phase.HELD
        except Exception:  # noqa: BLE001 - logged: the page must not wait for ever
            _LOG.exception("the payment of a run failed")
            purchase.why, phase = _BUG, Phase.HELD
        with self._lock:
            purchase.phase = phase

    def _prepared(self, services: Services, folder: Path, purchase: Purchase) -> Phase:
        with ExitStack() as stack:
            client = _client(services)
            run, plan = _plan(services, folder, client, stack)
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

    def _paid(self, services: Services, folder: Path, purchase: Purchase) -> Phase:
        proposal = purchase.proposal
        assert proposal is not None, "only a proposal is agreed to"
        with ExitStack() as stack:
            client = _client(services)
            run, plan = _plan(services, folder, client, stack)
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
                tick=partial(_count, purchase),
            ).to_the_end()
            _count(purchase, payments)
            purchase.taken = cost_of_run(services.ledger, run.run.id)
        purchase.why = payments.stopped or ""
        return Phase.DONE


def _plan(services: Services, folder: Path, client: Client, stack: ExitStack) -> tuple[PaidRun, Plan]:
    """The jobs that are to be paid for; the run is locked as long as ``stack``."""
    store = FolderStore(str(folder))
    require_run(store)  # before a lock is put into a folder that may be somebody else's
    stack.enter_context(store.lock())
    run = stack.enter_context(open_paid_run(store, manifest=None, near=[folder.parent, Path(), folder]))
    return run, make_plan(run, services.ledger, api=client.base_url, tick=lambda: None)


def _client(services: Services) -> Client:
    if services.client is None:
        raise ConfigurationError(services.why_no_key)
    return services.client


def _checked(engine: Engine, job: Job) -> JobReport:
    return engine.check([job]).jobs[0]


def _count(purchase: Purchase, payments: Payments) -> None:
    purchase.states = dict(sorted(payments.states.items()))
