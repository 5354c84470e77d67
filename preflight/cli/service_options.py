"""Options and output that the commands share which talk to the service: key, address, ledger, outcome."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.completion import files
from preflight.cli.output import emit, to_json, to_json_lines
from preflight.cli.shared_options import Seconds, default_ledger
from preflight.client import DEFAULT_BASE_URL, ApiKey, Client, Task
from preflight.errors import ConfigurationError
from preflight.redact import redact
from preflight.render.json_objects import submission_object
from preflight.submit.submit import Submission
from preflight.units import dollars

if TYPE_CHECKING:
    from preflight.ledger import Ledger


_KEY_FILE_BYTES = 4096

api_url_option = click.option(
    "--api-url",
    metavar="URL",
    default=DEFAULT_BASE_URL,
    show_default=True,
    help="Where the service is.",
)
key_file_option = click.option(
    "--key-file",
    metavar="FILE",
    shell_complete=files,
    envvar="PREFLIGHT_API_KEY_FILE",
    help="A file with the API key; otherwise it is taken from PREFLIGHT_API_KEY.",
)

ledger_option = click.option(
    "--ledger",
    "ledger_path",
    metavar="FILE",
    envvar="PREFLIGHT_LEDGER",
    help="The record of what was paid; by default in the user's data folder.",
)

wait_timeout_option = click.option(
    "--wait-timeout", type=Seconds(0, 10**7), metavar="SECONDS", help="Give up waiting after this long."
)


_REFUNDS = {
    True: "the credits came back: the balance shows it",
    False: "the balance does not show the credits yet; the service says that they come back by themselves",
    None: "the service says that the credits of a failed task come back; the balance could not show it",
}


def open_ledger(path: str | None) -> Ledger:
    """The ledger in that file, else in the user's data folder. Raises ``LedgerUnusable``."""
    from preflight.ledger import Ledger  # noqa: PLC0415 - SQLite, for what pays alone

    return Ledger(Path(path) if path else default_ledger())


def open_client(api_url: str, key_file: str | None) -> Client:
    """A client with the user's key. Raises ``InvalidKey`` and ``ConfigurationError``."""
    return Client(_key(key_file), base_url=api_url)


def _key(key_file: str | None) -> ApiKey:
    if key_file is None:
        return ApiKey.from_environment(os.environ)
    try:
        with Path(key_file).open("rb") as file:
            content = file.read(_KEY_FILE_BYTES)
    except OSError as error:
        raise ConfigurationError(f"cannot read the key file {key_file}: {error.strerror}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigurationError(f"the key file {key_file} is UTF-16: save it as UTF-8 or ASCII")
    # Editors and shells of Windows put a mark before UTF-8.
    return ApiKey(content.decode("utf-8-sig", errors="replace").removesuffix("\n").removesuffix("\r"))


def show_status(update: Callable[[str], object]) -> Callable[[Task], object]:
    """A callback for ``Client.wait`` that keeps a progress message up to date."""

    def show(task: Task) -> None:
        percent = f", {task.progress:f} %" if task.progress is not None else ""
        update(f"task {task.id}: {task.status_text}{percent}")

    return show


def emit_submission(submission: Submission, format_: str, output: str | None) -> bool:
    """Say how a submission stands. ``False`` when that could not be written: an error would hide that it is paid."""
    match format_:
        case "json":
            text = to_json(submission_object(submission))
        case "jsonl":
            text = to_json_lines([submission_object(submission)])
        case _:
            text = "".join(f"{line}\n" for line in _lines(submission))
    try:
        emit(text, output)
    except ConfigurationError as error:
        click.echo(f"preflight: task {submission.task_id} is {submission.state}; {error}", err=True)
        return False
    return True


def _lines(submission: Submission) -> list[str]:
    lines = [f"{submission.state}  task {submission.task_id}"]
    if submission.quote is not None:
        lines.append(f"  price   {submission.quote.credits:f} credits (${dollars(submission.quote.usd)})")
    if submission.entry is not None:
        lines.append(f"  ledger  entry {submission.entry}")
    lines += [f"  result  {redact(url)}" for url in submission.outputs]
    lines += [f"  saved   {path}" for path in submission.files]
    if submission.error:
        lines.append(f"  error   {submission.error}")
        lines.append(f"  refund  {_REFUNDS[submission.refunded]}")
    if submission.state == "accepted":
        lines.append(f"  next    preflight task wait {submission.task_id}")
    return lines
