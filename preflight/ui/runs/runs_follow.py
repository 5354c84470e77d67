"""Waits for the tasks of a run that was paid for, and saves their results in a folder of the run.

The code of ``preflight submit RUN --wait --download``, without its payments: nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from preflight.errors import ConfigurationError, SourceError
from preflight.ledger.sums import cost_of_run
from preflight.runs.payments.pay_one import GivenUp, Payer, Waiting
from preflight.runs.payments.paying import RunPayment
from preflight.runs.payments.settled import End
from preflight.sources.download import download
from preflight.ui.payments.watches import own_host
from preflight.ui.runs.runs_purchase import Phase, Purchase, client_of, locked_plan

if TYPE_CHECKING:
    from preflight.client import Client, Task
    from preflight.model import Job, JobReport
    from preflight.submit.submit import Submission
    from preflight.ui.services import Services

FOLDER: Final = "results"
"""Where results are saved, in the folder of the run."""
_AT_ONCE: Final = 8
_LOOK_S: Final = 1800.0
"""A task is waited for so long before the next one has its turn: one that never ends holds up no other."""


def follow(services: Services, folder: Path, purchase: Purchase) -> Phase:
    """Wait until every task of the run in ``folder`` has ended, or ``purchase.stop`` is set.

    Raises ``RunUnusable``, ``ConfigurationError``.
    """
    client = client_of(services)
    save = _saver(services, folder, client, purchase) if purchase.saves else None
    with ExitStack() as stack:
        run, plan = locked_plan(services, folder, client, stack)
        waiter = stack.enter_context(services.client_that_sleeps(_sleep_of(purchase)))
        purchase.jobs = len(plan.jobs)
        waiting = Waiting(client=waiter, timeout=_LOOK_S, save=save, on_update=_noted(purchase))
        follower = Payer(
            sends=False,
            waiting=waiting,
            stop=purchase.stop,
            client=client,
            ledger=services.ledger,
            budget=services.budget,
            callback=None,
            check=_checks_nothing,
        )
        following = RunPayment(run, plan, follower, at_once=_AT_ONCE, stop=purchase.stop, tick=purchase.count)
        payments = following.to_the_end()
        purchase.count(payments)
        purchase.unsaved = payments.ends[End.NOT_SAVED]
        purchase.taken = cost_of_run(services.ledger, run.run.id)
    purchase.tasks.clear()
    return Phase.DONE


def _sleep_of(purchase: Purchase) -> Callable[[float], None]:
    stop = purchase.stop

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise GivenUp

    return sleep


def _noted(purchase: Purchase) -> Callable[[Task], None]:
    def note(task: Task) -> None:
        if task.ended:
            purchase.tasks.pop(task.id, None)
        else:
            purchase.tasks[task.id] = task

    return note


def _saver(
    services: Services, folder: Path, client: Client, purchase: Purchase
) -> Callable[[Submission], tuple[Submission, bool]]:
    target = folder / FOLDER
    if target.is_symlink():
        raise ConfigurationError(f"{FOLDER} in the folder of the run is a link: remove it")
    allow = (*services.options.allow, *own_host(client.base_url))

    def save(submission: Submission) -> tuple[Submission, bool]:
        files = list[str]()
        for url in submission.outputs:
            try:
                files.append(str(download(url, target, allow=allow, proxy=services.options.proxy)))
            except SourceError as error:
                purchase.trouble = str(error)
        if not submission.outputs and submission.state == "completed":
            purchase.trouble = "a task is completed, but names no result to save"
        is_whole = bool(files) and len(files) == len(submission.outputs)
        return replace(submission, files=tuple(files)), is_whole or submission.state != "completed"

    return save


def _checks_nothing(job: Job) -> JobReport:
    raise AssertionError(f"{job.path} is sent by nobody here")
