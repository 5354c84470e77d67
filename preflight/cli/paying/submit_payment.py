"""From a job to a payment: check it, bring its files to URLs, show it, ask, pay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.checking.engine import Engine
from preflight.cli.exit_codes import Exit
from preflight.cli.options.spec_options import known_specs
from preflight.cli.outcomes import exit_of
from preflight.cli.paying.open_uploader import open_uploader
from preflight.cli.paying.service_session import open_client, open_ledger
from preflight.cli.paying.submit_consent import Consent
from preflight.cli.paying.submit_delivery import delivered, planned
from preflight.cli.paying.submit_known import known_job
from preflight.cli.paying.submit_request import request_text
from preflight.cli.printing.output import emit
from preflight.cli.printing.report_output import emit_as
from preflight.cli.printing.terminal import progress, remark
from preflight.cli.printing.upload_progress import UploadProgress
from preflight.client.auth import base_of
from preflight.errors import ConfigurationError, InvalidKey
from preflight.ledger import Budget, paid_request_of
from preflight.model import Job, JobReport, Report, Verdict
from preflight.render.formats import REPORT
from preflight.submit.proposal import LocalSource, Proposal
from preflight.submit.recheck import SavedCheck, is_unchanged, load_saved, receipts_of
from preflight.submit.settle import read_balance
from preflight.submit.submit import Submission, require_covered, submit_job
from preflight.upload.job_media import LocalFile, local_paths, read_local_files

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.cli.options.option_groups import NetworkOptions, OutputOptions, PaidOptions
    from preflight.cli.options.upload_options import UploadOptions
    from preflight.client import Client, Task
    from preflight.ledger import Balance, Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A job that is not paid for; everything was said."""

    code: Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A job that may be paid for: it passed its check, and the user said yes."""

    job: Job
    report: JobReport
    files: Mapping[str, LocalSource] = field(default_factory=dict)
    saved: SavedCheck | None = None


class Payment:
    """One run of ``submit``. ``stack`` closes what it opens."""

    def __init__(
        self,
        *,
        options: Options,
        service: PaidOptions,
        budget: Budget,
        again: bool,
        consent: Consent,
        output: OutputOptions,
        is_dry: bool,
        stack: ExitStack,
    ) -> None:
        """Raises where the ledger cannot be written: before anything is checked. A check needs no key."""
        self._service, self._budget, self._again = service, budget, again
        self._consent, self._output, self._is_dry = consent, output, is_dry
        self._why_unknown = "not known: the service did not say"
        self._balance: Balance | None = None
        self._no_key: InvalidKey | None = None
        self._client = self._opened_client(stack)
        self._ledger: Ledger | None = None if is_dry else stack.enter_context(open_ledger(service.ledger_path))
        self._engine = stack.enter_context(Engine(options))
        self._local_engine = stack.enter_context(Engine(replace(options, uploaded=False)))

    def prepare(
        self,
        job: Job,
        *,
        made_ready: Callable[[Job], Job],
        upload: UploadOptions,
        network: NetworkOptions,
        checked: str | None,
    ) -> Ready | Held:
        """Check ``job``, upload its local files if it has any, show it and ask. Nothing is paid yet.

        ``made_ready`` repairs and keeps it, once it is known that its files can be uploaded.
        Raises ``NotSubmitted`` for a no, for a job that was paid for, and for one that is not affordable.
        """
        shown = UploadProgress()
        uploader = open_uploader(upload, network, on_progress=shown) if upload.is_wanted else None
        job = made_ready(job)
        specs = known_specs()
        files = read_local_files(job, specs) if uploader is not None and local_paths(job, specs) else ()
        if checked is not None and files:
            raise click.UsageError("--checked is for jobs whose files are at URLs: these are uploaded and checked")
        named = {file.field: _source_of(file) for file in files}
        if files and uploader is not None:
            found = self._checked(self._local_engine, job)
            if isinstance(found, Held):
                return found
            as_sent = planned(job, files, uploader)
            if self._is_dry:
                return self._dry(job, found, named, as_sent=as_sent)
            self._require_payable(job, found, named)
            job = delivered(job, files, uploader, shown, hidden=self._output.hidden).job
        found = self._checked(self._engine, job, says_how=uploader is None)
        if isinstance(found, Held):
            return found
        saved = _saved(checked, found) if checked else None
        if self._is_dry:
            return self._dry(job, found, named, as_sent=job)
        proposal = self._require_payable(job, found, named)
        self._consent.show(proposal)
        self._consent.ask(proposal, saved)
        return Ready(job=job, report=found, files=named, saved=saved)

    def pay(
        self,
        ready: Ready,
        *,
        callback: str | None,
        wait: bool,
        timeout: float | None,
        on_accepted: Callable[[str], object],
        on_update: Callable[[Task], object],
    ) -> Submission:
        """Send the one paid request. Raises as ``submit_job``."""
        assert self._client is not None, "a dry run does not pay"
        assert self._ledger is not None, "the same"
        return submit_job(
            ready.job,
            ready.report,
            self._client,
            self._ledger,
            check=lambda: self._engine.check([ready.job]).jobs[0],
            agree=lambda latest: self._consent.ask(self._proposal(ready.job, latest, ready.files), ready.saved),
            again=self._again,
            budget=self._budget,
            callback=callback,
            hashes=_hashes(ready.files),
            specs=known_specs(),
            wait=wait,
            timeout=timeout,
            on_changed=lambda: remark("the files have changed since they were checked, and were checked again"),
            on_accepted=on_accepted,
            on_update=on_update,
        )

    def _opened_client(self, stack: ExitStack) -> Client | None:
        """The client; a check and a dry run go without, where there is no key."""
        try:
            return stack.enter_context(open_client(self._service))
        except InvalidKey as error:
            self._no_key = error
            self._why_unknown = "not known: there is no API key"
            return None

    def _checked(self, engine: Engine, job: Job, *, says_how: bool = False) -> JobReport | Held:
        """The check of ``job``, if it passes. ``says_how``: say how local files are brought to URLs."""
        with progress("checking", hidden=self._output.hidden):
            report: Report = engine.check([job])
        if (code := exit_of(report)) is Exit.PASS:
            return report.jobs[0]
        emit_as(REPORT, report, self._output)
        reason = "could not be examined" if report.verdict is Verdict.INDETERMINATE else "does not pass its check"
        remark(f"nothing was sent: the job {reason}")
        if says_how and local_paths(job, known_specs()):
            remark("the job names local files: --upload s3://BUCKET/PREFIX uploads them first")
        return Held(code=code)

    def _require_payable(self, job: Job, found: JobReport, files: Mapping[str, LocalSource]) -> Proposal:
        """The proposal for a job that is new, within the budget and covered. Else raises what ``submit_job`` would.

        Raises ``InvalidKey`` where there is none: the price is known by then.
        """
        if self._client is None:
            self._consent.show(self._proposal(job, found, files))
            assert self._no_key is not None, "there is a client else"
            raise self._no_key
        assert self._ledger is not None, "the same"
        request = paid_request_of(job, found, _hashes(files), known_specs())
        self._ledger.require_payable(request, api=self._client.base_url, again=self._again, budget=self._budget)
        assert found.quote is not None, "a job that is payable has a price"
        self._consent.require_somebody(found.quote)
        self._look_at_the_account()
        proposal = self._proposal(job, found, files)
        if not proposal.is_covered:
            self._consent.show(proposal)
        require_covered(self._balance, request.high)
        return proposal

    def _proposal(self, job: Job, found: JobReport, files: Mapping[str, LocalSource]) -> Proposal:
        assert found.quote is not None, "a job that passes has a price"
        return Proposal(
            report=found,
            quote=found.quote,
            service=self._service.api_url,
            name=job.path,
            balance=None if self._balance is None else self._balance.balance,
            why_unknown=self._why_unknown,
            files=files,
        )

    def _look_at_the_account(self) -> None:
        if self._client is not None:
            self._balance = read_balance(self._client, lambda: datetime.now(UTC))

    def _dry(self, job: Job, found: JobReport, files: Mapping[str, LocalSource], *, as_sent: Job) -> Held:
        """Show ``job``, and the request with it ``as_sent``: with the URLs that its files would have."""
        self._look_at_the_account()
        self._consent.show(self._proposal(as_sent, found, files))
        emit(request_text(as_sent, self._service.api_url, self._output.format), self._output.file)
        request, api = paid_request_of(job, found, _hashes(files), known_specs()), base_of(self._service.api_url)
        if (known := known_job(request, api, self._service.ledger_path, again=self._again)) is not None:
            remark(known)
        return Held(code=Exit.PASS)


def _source_of(file: LocalFile) -> LocalSource:
    return LocalSource(path=str(file.content.path), sha256=file.content.sha256)


def _hashes(files: Mapping[str, LocalSource]) -> dict[str, str]:
    return {field: file.sha256 for field, file in files.items()}


def callback_base(url: str | None) -> str | None:
    """The base URL of callbacks."""
    try:
        return base_of(url) if url else None
    except ConfigurationError as error:
        raise click.UsageError("--callback must be https://HOST/SECRET, as 'preflight listen' prints it") from error


def _saved(path: str, found: JobReport) -> SavedCheck:
    """The saved check, compared with the new one."""
    assert found.identity is not None, "a job has one"
    saved = load_saved(Path(path), found.identity)
    same = is_unchanged(saved.receipts, receipts_of(found))
    said = "the files are those of" if same else "the files have changed since, and were checked again:"
    remark(f"{said} {path}")
    return saved
