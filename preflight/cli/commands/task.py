"""``preflight task``."""

from __future__ import annotations

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.options.option_groups import NetworkOptions, OutputOptions, PaidOptions
from preflight.cli.options.service_options import download_option, paid_options, wait_timeout_option
from preflight.cli.options.shared_options import network_options, output_options
from preflight.cli.printing.terminal import progress
from preflight.render.formats import SUBMISSION


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
    from preflight.cli.paying import service_session as session
    from preflight.client import TaskStatus
    from preflight.submit.settle import settle
    from preflight.submit.submit import Submission

    with session.open_client(service) as client, session.open_ledger(service.ledger_path) as ledger:
        task = client.task(task_id)
        entry = settle(ledger, client, task)
    session.emit_submission(Submission.of(task, entry), output)
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
    from preflight.cli.outcomes import exit_of_submission
    from preflight.cli.paying import service_session as session
    from preflight.cli.paying.save_results import require_place, with_files
    from preflight.submit.submit import await_task

    require_place(download)
    hidden = output.hidden
    with (
        session.open_client(service) as client,
        session.open_ledger(service.ledger_path) as ledger,
        progress(f"task {task_id}", hidden=hidden) as update,
    ):
        shown = session.show_status(update)
        submission = await_task(client, task_id, ledger=ledger, timeout=wait_timeout, on_update=shown)
    saved = True
    if download is not None:
        submission, saved = with_files(submission, download, api_url=service.api_url, network=network, hidden=hidden)
    said = session.emit_submission(submission, output)
    return exit_of_submission(submission, saved=saved and said)
