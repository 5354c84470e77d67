"""``preflight submit RUN`` and ``preflight submit MANIFEST``: pays for the jobs of a run that passed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from preflight.bounded_file import is_file, is_folder
from preflight.checking.engine import Engine
from preflight.cli.exit_codes import Exit
from preflight.cli.options.option_groups import MannerOptions, RunOptions
from preflight.cli.options.shared_options import engine_options
from preflight.cli.options.spec_options import known_specs
from preflight.cli.paying.save_results import with_files
from preflight.cli.paying.service_session import ledger_to_read, open_client, open_ledger
from preflight.cli.paying.submit_consent import answer
from preflight.cli.paying.submit_run_exit import exit_of_run
from preflight.cli.printing.output import emit, require_writable
from preflight.cli.printing.report_output import emit_as
from preflight.cli.printing.run_progress import EveryTenSeconds, manifest_read
from preflight.cli.printing.terminal import progress, remark, tell_beside
from preflight.client.auth import base_of
from preflight.errors import InvalidKey, NotSubmitted
from preflight.jobfiles.stores import is_manifest_url
from preflight.ledger import Budget
from preflight.ledger.sums import cost_of_run
from preflight.model import Severity
from preflight.render.payments.run_payment import RUN_PAID, RunPaid, RunProposal, proposal_lines, run_question
from preflight.render.texts import phrases
from preflight.runs.carry_out import Order
from preflight.runs.manifests.open_manifest import Web
from preflight.runs.on_disk.open_store import open_store
from preflight.runs.payments.pay_one import GivenUp, Payer, Waiting
from preflight.runs.payments.payable import PaidRun, as_in_the_run, open_paid_run, require_run
from preflight.runs.payments.paying import Payments, RunPayment
from preflight.runs.payments.payment_plan import Plan, make_plan
from preflight.runs.payments.proposals import proposal_of
from preflight.runs.payments.record import require_known
from preflight.runs.payments.run_uploads import RunUploads
from preflight.runs.payments.settled import NAME
from preflight.submit.settle import read_balance

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.cli.options.option_groups import NetworkOptions, OutputOptions, PaidOptions, PayRunOptions
    from preflight.cli.options.upload_options import UploadOptions
    from preflight.client import Client
    from preflight.ledger import Ledger
    from preflight.model import Job, JobReport
    from preflight.submit.submit import Submission

_AT_ONCE = 4


class RunSubmission:
    """One ``preflight submit`` over many jobs."""

    def __init__(
        self,
        path: str,
        pay: PayRunOptions,
        *,
        network: NetworkOptions,
        service: PaidOptions,
        output: OutputOptions,
        strict: bool,
        upload: UploadOptions,
    ) -> None:
        """Raises ``UsageError`` where there is no budget."""
        if pay.budget is None:
            raise click.UsageError("a run needs a budget for all of its jobs together: add --budget N, in credits")
        self._path, self._pay, self._budget = path, pay, pay.budget
        self._network, self._service, self._output, self._strict = network, service, output, strict
        self._upload = upload
        self._stop = Event()
        self._no_key: InvalidKey | None = None

    def go(
        self,
        *,
        limits: Budget,
        callback: str | None,
        wait: bool,
        timeout: float | None,
        download: str | None,
        is_agreed: bool,
        is_dry: bool,
    ) -> int:
        """Check a manifest, ask once, pay. The exit code is that of the most serious end of a job."""
        require_writable(self._output.file)
        uploads = self._uploads()
        folder = self._checked_folder()
        store = open_store(folder)
        near = [Path(folder).parent, Path(), Path(folder)]
        manifest = self._manifest()
        require_run(store)  # before a lock is put into a folder that may be somebody else's
        with ExitStack() as stack:
            stack.enter_context(store.lock())
            client = self._client_with_key(stack)
            opened = ledger_to_read if is_dry else open_ledger
            ledger = stack.enter_context(opened(self._service.ledger_path))
            with progress("reading the run", hidden=self._output.hidden) as show:
                reading = EveryTenSeconds(show, hidden=self._output.hidden)
                paid = open_paid_run(
                    store,
                    manifest=manifest,
                    near=near,
                    specs=known_specs(),
                    uploads=uploads,
                    web=Web(tuple(self._network.allow), self._network.proxy),
                    on_indexed=lambda rows, part: reading.say(lambda: manifest_read(rows, part)),
                )
                paid_run = stack.enter_context(paid)
                api = base_of(self._service.api_url)
                plan = make_plan(paid_run, ledger, api=api, tick=lambda: None)
                require_known(paid_run, plan, ledger, api=api)
            budget = replace(limits, per_run=self._budget, run=paid_run.run.id)
            if plan.new or is_dry:
                self._agree(self._proposal(paid_run, plan, client, ledger), is_agreed=is_agreed, is_dry=is_dry)
            if is_dry:
                return Exit.PASS
            client = self._require_client(client)
            engine = stack.enter_context(Engine(self._options(paid_run)))
            sending, waiting = (stack.enter_context(self._client(pause)) for pause in (self._nap, self._nap_or_give_up))
            payer = Payer(
                client=sending,
                ledger=ledger,
                budget=budget,
                check=partial(_checked, engine),
                callback=callback,
                waiting=Waiting(client=waiting, timeout=timeout, save=self._saver(download))
                if wait or download is not None
                else None,
                stop=self._stop,
            )
            with progress("submitting", hidden=self._output.hidden) as show:
                shown = EveryTenSeconds(show, hidden=self._output.hidden)
                payments = RunPayment(
                    paid_run,
                    plan,
                    payer,
                    at_once=self._pay.at_once or _AT_ONCE,
                    stop=self._stop,
                    tick=lambda so_far: shown.say(lambda: _so_far(so_far, plan, uploads)),
                ).to_the_end()
            taken = cost_of_run(ledger, paid_run.run.id)
        emit_as(
            RUN_PAID,
            RunPaid(
                run=store.shown,
                lines=[each.line for each in payments.in_order],
                budget=self._budget,
                taken=taken,
                stopped=payments.stopped,
                is_kept=payments.is_kept,
                file=f"{store.shown.rstrip('/')}/{NAME}",
            ),
            self._output,
        )
        code = exit_of_run(payments, plan)
        if code is Exit.INTERRUPTED:
            remark("interrupted: run the same command again to continue")
        return code

    def _client_with_key(self, stack: ExitStack) -> Client | None:
        """The client; ``None`` without a key: the price is known without one."""
        try:
            return stack.enter_context(open_client(self._service))
        except InvalidKey as error:
            self._no_key = error
            return None

    def _require_client(self, client: Client | None) -> Client:
        if client is None:
            assert self._no_key is not None, "there is a client else"
            raise self._no_key
        return client

    def _checked_folder(self) -> str:
        """The folder of the run; that of a manifest is checked first, or goes on where it was."""
        is_stored = "://" in self._path and is_manifest_url(self._path)
        if ("://" in self._path and not is_stored) or is_folder(self._path):
            if self._pay.run_folder is not None:
                raise click.UsageError("--to is for a manifest: this is a run already")
            return self._path
        from preflight.cli.options.run_options import manners_of  # only for a manifest
        from preflight.cli.run_folder import carried_out

        if is_stored and self._pay.run_folder is None:
            raise click.UsageError("a manifest at a URL needs --to RUN, the folder of its run")
        folder = self._pay.run_folder or str(Path(self._path).with_suffix(".run"))
        manners = MannerOptions(concurrency=32, per_host=8, host_rate=None, user_agent=None)
        options = engine_options(network=self._network, manners=manners_of(manners, is_run=True))
        run = RunOptions(
            to=folder, workers=None, part_rows=None, results="jsonl", retry=None, engine="local", address=None
        )
        order = Order(manifest=self._path, store=open_store(folder), options=options)
        carried_out(order, run, hidden=self._output.hidden, quiet=self._output.quiet)
        return folder

    def _uploads(self) -> RunUploads | None:
        """The way of local files to URLs, if they may be uploaded: known to work before anything is checked."""
        if not self._upload.is_wanted:
            return None
        from preflight.cli.paying.open_uploader import open_uploader  # only for local files

        uploader = open_uploader(self._upload, self._network, on_progress=lambda _, __, ___: None)
        return RunUploads(uploader=uploader, specs=known_specs())

    def _manifest(self) -> str | None:
        """The name of the manifest, where one is given."""
        is_named = is_file(self._path) or ("://" in self._path and is_manifest_url(self._path))
        return self._pay.manifest or (self._path if is_named else None)

    def _options(self, paid_run: PaidRun) -> Options:
        """How jobs are checked right before they are paid for: by the rules of the run, at URLs, thoroughly."""
        options = engine_options(network=self._network, uploaded=True, thorough=True)
        found = as_in_the_run(options, paid_run.run)
        return replace(found, fail_on=min(found.fail_on, Severity.WARNING)) if self._strict else found

    def _proposal(self, paid_run: PaidRun, plan: Plan, client: Client | None, ledger: Ledger) -> RunProposal:
        balance = None if client is None else read_balance(client, lambda: datetime.now(UTC))
        made = proposal_of(paid_run, plan, ledger, service=self._service.api_url, budget=self._budget, balance=balance)
        return made if client is not None else replace(made, why_unknown="not known: there is no API key")

    def _agree(self, proposal: RunProposal, *, is_agreed: bool, is_dry: bool) -> None:
        """Show what is about to be paid for, and ask once. Raises ``NotSubmitted`` for a no."""
        asks = not is_agreed and not is_dry and self._no_key is None
        if asks and not sys.stdin.isatty():
            raise click.UsageError(
                f"this would pay up to {proposal.at_most:f} credits for {phrases.jobs(proposal.new)}, and standard"
                " input is not a terminal: add --yes"
            )
        if not self._output.quiet or asks:
            text = "".join(f"{line}\n" for line in proposal_lines(proposal))
            if is_dry and self._output.format == "text":
                emit(text, self._output.file)
            else:
                tell_beside(text)
        if asks and not answer(f"{run_question(proposal)} [y/N] "):
            raise NotSubmitted("not submitted")

    def _saver(self, download: str | None) -> Callable[[Submission], tuple[Submission, bool]] | None:
        if download is None:
            return None
        return lambda submission: with_files(
            submission, download, api_url=self._service.api_url, network=self._network, hidden=True
        )

    def _nap(self, seconds: float) -> None:
        """A sleep that ends when the run is stopped."""
        self._stop.wait(seconds)

    def _nap_or_give_up(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise GivenUp

    def _client(self, pause: Callable[[float], None]) -> AbstractContextManager[Client]:
        return open_client(self._service, sleep=pause)


def _checked(engine: Engine, job: Job) -> JobReport:
    return engine.check([job]).jobs[0]


def _so_far(payments: Payments, plan: Plan, uploads: RunUploads | None) -> str:
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(payments.states.items()))
    files = f"; {uploads.uploaded:,} of {uploads.files:,} files uploaded" if uploads and uploads.files else ""
    jobs = "job" if len(plan.jobs) == 1 else "jobs"
    return f"{len(payments.ended):,} of {len(plan.jobs):,} {jobs}{': ' if states else ''}{states}{files}"
