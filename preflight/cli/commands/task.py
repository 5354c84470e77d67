"""``preflight task``."""

from __future__ import annotations

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.option_groups import NetworkOptions, OutputOptions, PaidOptions
from preflight.cli.outcomes import exit_of_submission
from preflight.cli.save_results import download_option, with_files
from preflight.cli.service_options import (
    emit_submission,
    open_client,
    open_ledger,
    paid_options,
    show_status,
    wait_timeout_option,
)
from preflight.cli.shared_options import network_options, output_options
from preflight.cli.terminal import progress
from preflight.client import TaskStatus
from preflight.render.formats import SUBMISSION
from preflight.submit.settle import settle
from preflight.submit.submit import Submission, await_task


@click.group("task")
def command() -> None:
    """Show a task or wait for it.

    \b
    preflight task show 8b6a5162-5c91-4a42-8e80-4c8ef5486f24
    preflight task wait 8b6a5162-5c91-4a42-8e80-4c8ef5486f24
    """


@command.command("show")
@click.argument("task_id", metavar="ID")
@paid_options
@output_options(SUBMISSION)
def show(
    *,
    task_id: str,
    service: PaidOptions,
    output: OutputOptions,
) -> int:
    """Show the state of a task.

    \b
    preflight task show 8b6a5162-5c91-4a42-8e80-4c8ef5486f24
    """
    with open_client(service) as client, open_ledger(service.ledger_path) as ledger:
        task = client.task(task_id)
        entry = settle(ledger, client, task)
    emit_submission(Submission.of(task, entry), output)
    return Exit.API if task.status is TaskStatus.FAILED else Exit.PASS


@command.command("wait")
@click.argument("task_id", metavar="ID")
@wait_timeout_option
@download_option
@network_options
@paid_options
@output_options(SUBMISSION)
def wait(
    *,
    task_id: str,
    wait_timeout: float | None,
    download: str | None,
    network: NetworkOptions,
    service: PaidOptions,
    output: OutputOptions,
) -> int:
    """Wait until a task ends.

    \b
    preflight task wait 8b6a5162-5c91-4a42-8e80-4c8ef5486f24
    """
    hidden = output.hidden
    with (
        open_client(service) as client,
        open_ledger(service.ledger_path) as ledger,
        progress(f"task {task_id}", hidden=hidden) as update,
    ):
        submission = await_task(client, task_id, ledger=ledger, timeout=wait_timeout, on_update=show_status(update))
    saved = True
    if download is not None:
        submission, saved = with_files(submission, download, api_url=service.api_url, network=network, hidden=hidden)
    said = emit_submission(submission, output)
    return exit_of_submission(submission, saved=saved and said)
