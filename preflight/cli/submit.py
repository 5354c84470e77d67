"""``preflight submit``."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from preflight.cli.check import as_text
from preflight.cli.download import download_option, with_files
from preflight.cli.exits import Exit, exit_of, exit_of_submission
from preflight.cli.options import Number, engine_options, network_options, output_options
from preflight.cli.output import emit, require_writable, to_json, to_json_lines
from preflight.cli.progress import progress
from preflight.cli.service import (
    api_url_option,
    emit_submission,
    key_file_option,
    open_client,
    show_status,
    wait_timeout_option,
)
from preflight.client.calls import CREATE_PATH
from preflight.engine import Engine
from preflight.jobfiles import load_job
from preflight.model import Job, JobReport, Report, Verdict
from preflight.render import words
from preflight.submit import request_body
from preflight.submit import submit as submit_job


@click.command("submit")
@click.argument("path", metavar="JOB", type=click.Path())
@click.option("--wait", is_flag=True, help="Wait for the task to end.")
@wait_timeout_option
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@click.option("--max-credits", type=Number(), metavar="N", help="Send nothing when the job may cost more.")
@click.option("--dry-run", is_flag=True, help="Check, then print the exact request instead of sending it.")
@click.option("--strict", is_flag=True, help="Send nothing on warnings, too.")
@download_option
@network_options
@api_url_option
@key_file_option
@output_options("text", "json", "jsonl")
def command(
    *,
    path: str,
    wait: bool,
    wait_timeout: float | None,
    yes: bool,
    max_credits: Decimal | None,
    dry_run: bool,
    strict: bool,
    download: str | None,
    api_url: str,
    key_file: str | None,
    format_: str,
    output: str | None,
    quiet: bool,
    no_progress: bool,
    **network: Any,
) -> int:
    """Check a job, then hand it to the service, once.

    A job that fails its check, or could not be examined, is not sent. A paid request is never repeated: exit code 6
    means that it left and no answer came.

    \b
    preflight submit job.yaml --wait --download results
    preflight submit job.yaml --yes --max-credits 400
    """
    job, hidden = load_job(Path(path)), quiet or no_progress
    require_writable(output)
    client = None if dry_run else open_client(api_url, key_file)  # a missing key is better known before the check
    options = engine_options(max_credits=max_credits, strict=strict, uploaded=True, thorough=True, **network)
    with progress("checking", hidden=hidden), Engine(options) as engine:
        report = engine.check([job])
    checked = report.jobs[0]
    if (code := exit_of(report)) is not Exit.PASS:
        _refuse(report, format_, output, quiet=quiet)
        return code
    if client is None:
        emit(_dry_run(job, api_url, format_), output)
        return Exit.PASS
    with client:
        _agree(checked, yes=yes)
        with progress("submitting", hidden=hidden) as update:
            submission = submit_job(
                job,
                checked,
                client,
                wait=wait or download is not None,
                timeout=wait_timeout,
                on_accepted=_announce,
                on_update=show_status(update),
            )
    saved = True
    if download is not None:
        submission, saved = with_files(submission, download, api_url=api_url, allow=network["allow"], hidden=hidden)
    said = quiet or emit_submission(submission, format_, output)
    return exit_of_submission(submission, saved=saved and said)


def _refuse(report: Report, format_: str, output: str | None, *, quiet: bool) -> None:
    if not quiet:
        emit(as_text(report, format_, output), output)
    reason = "could not be examined" if report.verdict is Verdict.INDETERMINATE else "does not pass its check"
    click.echo(f"preflight: nothing was sent: the job {reason}", err=True)


def _agree(report: JobReport, *, yes: bool) -> None:
    """Ask before paying; a script says ``--yes``. Raises ``Abort`` or ``UsageError``."""
    if yes:
        return
    price = words.price(report.quote) if report.quote else "an unknown price"
    if not sys.stdin.isatty():
        raise click.UsageError(f"this would pay {price}; nobody is here to ask: add --yes")
    if not click.confirm(f"Pay {price}?", err=True):
        raise click.Abort


def _announce(task_id: str) -> None:
    """The id goes out at once: whatever happens next, the task can be found again."""
    click.echo(f"preflight: accepted as task {task_id}", err=True)


def _dry_run(job: Job, api_url: str, format_: str) -> str:
    """The exact request, its signed URLs included: what is asked for here is what would be sent."""
    url = api_url.rstrip("/") + CREATE_PATH
    if format_ != "text":
        request = {"schema": "preflight.request/v1", "method": "POST", "url": url, "body": request_body(job)}
        return to_json(request) if format_ == "json" else to_json_lines([request])
    body = json.dumps(request_body(job), indent=2, ensure_ascii=False)
    return f"POST {url}\nAuthorization: Bearer (the key, not shown)\nContent-Type: application/json\n\n{body}\n"
