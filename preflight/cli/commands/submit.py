"""``preflight submit``."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import click

from preflight.checking.engine import Engine
from preflight.cli.exit_codes import Exit
from preflight.cli.option_groups import NetworkOptions, OutputOptions, PaidOptions, VerdictOptions
from preflight.cli.outcomes import exit_of, exit_of_submission
from preflight.cli.output import emit, require_writable
from preflight.cli.param_types import Number
from preflight.cli.report_output import emit_as
from preflight.cli.save_results import download_option, with_files
from preflight.cli.service_options import (
    emit_submission,
    open_client,
    open_ledger,
    paid_options,
    show_status,
    wait_timeout_option,
)
from preflight.cli.shared_options import engine_options, network_options, output_options
from preflight.cli.terminal import progress, remark
from preflight.client.auth import base_of
from preflight.client.calls import CREATE_PATH
from preflight.errors import ConfigurationError, NotSubmitted
from preflight.jobfiles import load_job
from preflight.ledger import Budget, paid_request_of
from preflight.model import Job, JobReport, Report, Verdict
from preflight.redact import printable
from preflight.render import phrases
from preflight.render.formats import REPORT, SUBMISSION
from preflight.render.json_text import to_json, to_json_lines, to_readable_json
from preflight.submit.recheck import SavedCheck, is_unchanged, load_saved, receipts_of
from preflight.submit.submit import request_body, submit_job


@click.command("submit")
@click.argument("path", metavar="JOB", type=click.Path())
@click.option("--wait", is_flag=True, help="Wait until the task ends.")
@wait_timeout_option
@click.option("--yes", is_flag=True, help="Do not ask before paying (for scripts).")
@click.option(
    "--max-credits",
    type=Number(),
    metavar="N",
    help="Do not submit if this job, with all pending and unknown ones, may cost more.",
)
@click.option(
    "--budget-per-day",
    type=Number(),
    metavar="N",
    envvar="PREFLIGHT_BUDGET_PER_DAY",
    help="The same limit, including the cost of the last 24 hours.",
)
@click.option("--again", is_flag=True, help="Submit and pay again for a job that was already submitted.")
@click.option(
    "--checked", metavar="REPORT", help="Use a saved JSON report of this job's check instead of checking again."
)
@click.option(
    "--callback",
    metavar="URL",
    envvar="PREFLIGHT_CALLBACK",
    help="Public URL of 'preflight listen'; a job without a callback URL gets its own one below it.",
)
@click.option("--dry-run", is_flag=True, help="Check the job and print the exact request without sending it.")
@click.option("--strict", is_flag=True, help="Also refuse to submit on warnings.")
@download_option
@network_options
@paid_options
@output_options(SUBMISSION)
def command(
    *,
    path: str,
    wait: bool,
    wait_timeout: float | None,
    yes: bool,
    max_credits: Decimal | None,
    budget_per_day: Decimal | None,
    again: bool,
    checked: str | None,
    callback: str | None,
    dry_run: bool,
    strict: bool,
    download: str | None,
    network: NetworkOptions,
    service: PaidOptions,
    output: OutputOptions,
) -> int:
    """Check a job, then submit it once.

    A job that fails its check, or whose check is indeterminate, is not submitted. Each submission is recorded in the
    ledger before it is sent, so that a job is not paid for twice even if this process dies. Exit code 6 means that the
    request was sent and its outcome is unknown; 'preflight ledger resolve' settles it.

    \b
    preflight submit job.yaml --wait --download results
    preflight submit job.yaml --yes --max-credits 400
    """
    job, hidden = load_job(Path(path)), output.hidden
    require_writable(output.file)
    options = engine_options(
        network=network,
        verdict=VerdictOptions(max_credits=max_credits, strict=strict),
        uploaded=True,
        thorough=True,
    )
    with ExitStack() as stack:
        # Report a missing key, or a ledger that cannot be written, before the check.
        client = None if dry_run else stack.enter_context(open_client(service))
        ledger = None if dry_run else stack.enter_context(open_ledger(service.ledger_path))
        engine = stack.enter_context(Engine(options))

        def check() -> Report:
            with progress("checking", hidden=hidden):
                return engine.check([job])

        report = check()
        if (code := exit_of(report)) is not Exit.PASS:
            _refuse(report, output)
            return code
        found = report.jobs[0]
        saved = _saved(checked, found) if checked else None
        if client is None or ledger is None:
            emit(_dry_run(job, service.api_url, output.format), output.file)
            return Exit.PASS
        budget = Budget(max_credits=max_credits, per_day=budget_per_day)
        ledger.require_payable(paid_request_of(job, found), api=client.base_url, again=again, budget=budget)
        _agree(found, yes=yes, saved=saved)
        with progress("submitting", hidden=hidden) as update:
            submission = submit_job(
                job,
                found,
                client,
                ledger,
                check=lambda: engine.check([job]).jobs[0],
                agree=lambda latest: _agree(latest, yes=yes, saved=saved),
                again=again,
                budget=budget,
                callback=_receiver(callback),
                wait=wait or download is not None,
                timeout=wait_timeout,
                on_changed=_say_changed,
                on_accepted=_announce,
                on_update=show_status(update),
            )
    saved_all = True
    if download is not None:
        submission, saved_all = with_files(
            submission, download, api_url=service.api_url, network=network, hidden=hidden
        )
    said = emit_submission(submission, output)
    return exit_of_submission(submission, saved=saved_all and said)


def _receiver(url: str | None) -> str | None:
    """The base URL of callbacks."""
    try:
        return base_of(url) if url else None
    except ConfigurationError as error:
        raise click.UsageError("--callback must be https://HOST/SECRET, as 'preflight listen' prints it") from error


def _refuse(report: Report, output: OutputOptions) -> None:
    emit_as(REPORT, report, output)
    reason = "could not be examined" if report.verdict is Verdict.INDETERMINATE else "does not pass its check"
    remark(f"nothing was sent: the job {reason}")


def _saved(path: str, found: JobReport) -> SavedCheck:
    """The saved check, compared with the new one."""
    assert found.identity is not None, "a job has one"
    saved = load_saved(Path(path), found.identity)
    same = is_unchanged(saved.receipts, receipts_of(found))
    said = "the files are those of" if same else "the files have changed since, and were checked again:"
    remark(f"{said} {path}")
    return saved


def _say_changed() -> None:
    remark("the files have changed since they were checked, and were checked again")


def _agree(report: JobReport, *, yes: bool, saved: SavedCheck | None) -> None:
    """Ask before paying, unless ``--yes`` is given. Raises ``Abort`` or ``UsageError``."""
    dearer = saved is not None and report.quote is not None and report.quote.high > saved.high
    if yes and dearer:
        assert saved is not None, "the new price is compared with it"
        raise NotSubmitted(f"not sent: it may cost more than the {saved.high:f} credits of the saved check")
    if yes:
        return
    price = phrases.price(report.quote) if report.quote else "an unknown price"
    if not sys.stdin.isatty():
        raise click.UsageError(f"this would pay {price}, and standard input is not a terminal: add --yes")
    if not click.confirm(f"Pay {price}{', more than when it was checked' if dearer else ''}?", err=True):
        raise click.Abort


def _announce(task_id: str) -> None:
    """Print the id at once, so that the task can be found whatever happens next."""
    remark(f"accepted as task {task_id}")


def _dry_run(job: Job, api_url: str, format_: str) -> str:
    """The exact request that would be sent, including its signed URLs."""
    url = api_url.rstrip("/") + CREATE_PATH
    if format_ != "text":
        request = {"schema": "preflight.request/v1", "method": "POST", "url": url, "body": request_body(job)}
        return to_json(request) if format_ == "json" else to_json_lines([request])
    head = f"POST {printable(url)}\nAuthorization: Bearer (the key, not shown)\nContent-Type: application/json"
    return f"{head}\n\n{to_readable_json(request_body(job))}"
