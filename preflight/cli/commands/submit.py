"""``preflight submit``."""

from __future__ import annotations

from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from preflight.cli.options.option_groups import (
    JobOptions,
    NetworkOptions,
    OutputOptions,
    PaidOptions,
    PayRunOptions,
    VerdictOptions,
)
from preflight.cli.options.service_options import (
    budget_per_day_option,
    download_option,
    max_credits_option,
    paid_options,
    wait_timeout_option,
)
from preflight.cli.options.shared_options import engine_options, job_options, network_options, output_options
from preflight.cli.options.submit_run_options import is_of_many, pay_run_options, require_one_job, require_run_options
from preflight.cli.options.upload_options import UploadOptions, upload_options
from preflight.cli.printing.output import require_writable
from preflight.cli.printing.terminal import progress, remark
from preflight.render.formats import SUBMISSION

if TYPE_CHECKING:
    from preflight.model import Job


@click.command("submit")
@click.argument("path", metavar="[JOB|RUN|MANIFEST]", type=click.Path(), required=False)
@job_options
@click.option("--save-job", metavar="FILE", help="Keep the job in this new file.")
@click.option("--fix", is_flag=True, help="First repair the job's local files, as 'preflight fix' does.")
@upload_options("--upload")
@pay_run_options
@click.option("--wait", is_flag=True, help="Wait until the task ends.")
@wait_timeout_option
@click.option("--yes", is_flag=True, help="Do not ask before paying (for scripts).")
@max_credits_option
@budget_per_day_option
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
    path: str | None,
    job: JobOptions,
    save_job: str | None,
    fix: bool,
    upload: UploadOptions,
    pay: PayRunOptions,
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
    """Check a job, show it, and submit it once.

    Before anything is paid, the report of the check is shown with the price and the account's balance, and you are
    asked. A job that fails its check, or whose check is indeterminate, is not submitted. Each submission is recorded in
    the ledger before it is sent, so that a job is not paid for twice even if this process dies. Exit code 6 means that
    the request was sent and its outcome is unknown; 'preflight ledger resolve' settles it.

    RUN is the folder of a finished 'preflight check MANIFEST --to RUN'. Its jobs that passed are submitted, each once,
    while the --budget for all of them lasts; you are asked once. The same command again continues. A MANIFEST is
    checked into a run first. With --upload, local files that its jobs name are uploaded, each once.

    \b
    preflight submit job.yaml --wait --download results
    preflight submit job.yaml --yes --max-credits 400
    preflight submit --image a.png --video b.mov --mode 1080p
    preflight submit job.yaml --fix --upload s3://bucket/jobs
    preflight submit run --budget 20000 --wait --download out
    """
    from preflight.cli.outcomes import exit_of_submission
    from preflight.cli.paying.save_results import require_place, with_files
    from preflight.cli.paying.service_session import emit_submission, show_status
    from preflight.cli.paying.submit_consent import Consent
    from preflight.cli.paying.submit_payment import Held, Payment, callback_base
    from preflight.cli.paying.submit_source import keep_job, read_job, require_new_job_file
    from preflight.ledger import Budget

    require_place(download)
    if path is not None and is_of_many(path, pay):
        require_run_options(save_job=save_job, fix=fix, checked=checked, again=again)
        from preflight.cli.paying.submit_run import RunSubmission  # only for many jobs

        many = RunSubmission(path, pay, network=network, service=service, output=output, strict=strict, upload=upload)
        return many.go(
            limits=Budget(max_credits=max_credits, per_day=budget_per_day),
            callback=callback_base(callback),
            wait=wait,
            timeout=wait_timeout,
            download=download,
            is_agreed=yes,
            is_dry=dry_run,
        )
    require_one_job(path, pay)
    require_new_job_file(save_job)
    wanted = read_job(path, job)
    receiver = callback_base(callback)
    require_writable(output.file)

    def made_ready(job: Job) -> Job:
        if fix:
            from preflight.cli.paying.submit_repair import repaired  # loads the repairs

            job = repaired(job, max_credits=max_credits, hidden=output.hidden, quiet=output.quiet)
        if save_job is not None:
            keep_job(job, save_job)
        return job

    verdict = VerdictOptions(max_credits=max_credits, strict=strict)
    with ExitStack() as stack:
        payment = Payment(
            options=engine_options(network=network, verdict=verdict, uploaded=True, thorough=True),
            service=service,
            budget=Budget(max_credits=max_credits, per_day=budget_per_day),
            again=again,
            consent=Consent(output, is_given=yes, is_dry=dry_run),
            output=output,
            is_dry=dry_run,
            stack=stack,
        )
        ready = payment.prepare(wanted, made_ready=made_ready, upload=upload, network=network, checked=checked)
        if isinstance(ready, Held):
            return ready.code
        with progress("submitting", hidden=output.hidden) as update:
            submission = payment.pay(
                ready,
                callback=receiver,
                wait=wait or download is not None,
                timeout=wait_timeout,
                on_accepted=_announce,
                on_update=show_status(update),
            )
    saved_all = True
    if download is not None:
        submission, saved_all = with_files(
            submission, download, api_url=service.api_url, network=network, hidden=output.hidden
        )
    said = emit_submission(submission, output)
    return exit_of_submission(submission, saved=saved_all and said)


def _announce(task_id: str) -> None:
    """Print the id at once, so that the task can be found whatever happens next."""
    remark(f"accepted as task {task_id}")
