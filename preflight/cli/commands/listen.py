"""``preflight listen``."""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from preflight.cli.options.option_groups import PaidOptions
from preflight.cli.options.param_types import WholeNumber
from preflight.cli.options.service_options import paid_options
from preflight.cli.printing.terminal import remark, tell, verbose_option
from preflight.client.auth import base_of
from preflight.errors import ConfigurationError, MissingExtra

if TYPE_CHECKING:
    from preflight.callbacks import Finished

_COMMAND_SECONDS = 3600.0


@click.command("listen")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="Address to listen on.")
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=8788,
    show_default=True,
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--public-url", metavar="URL", help="URL under which a tunnel or proxy makes this receiver public.")
@click.option(
    "--forward",
    metavar="CMD",
    help="Command to run for each finished task; it gets the task as JSON on standard input.",
)
@paid_options
@verbose_option
def command(
    *,
    host: str,
    port: int,
    public_url: str | None,
    forward: str | None,
    service: PaidOptions,
) -> int:
    """Receive callbacks from the service and record how each task ended.

    The path of the URL is a secret that is made once and kept beside the ledger. A callback is only a hint: preflight
    asks the API for the real state of the task. The --forward command gets the task once, as JSON on standard input,
    and its id in PREFLIGHT_TASK_ID.

    \b
    preflight listen --public-url https://hooks.example.com
    preflight listen --forward './publish.sh'
    """
    try:
        from preflight.callbacks.listener import serve  # an extra
    except ModuleNotFoundError as error:
        raise MissingExtra("preflight listen", "listen") from error
    from preflight.callbacks import CallbackApp, Settler  # loads the client
    from preflight.callbacks.listening import listening
    from preflight.callbacks.secret import secret_beside
    from preflight.cli.paying.service_session import open_client, open_ledger

    words = _words(forward)
    with open_ledger(service.ledger_path) as ledger, open_client(service) as client:
        secret = secret_beside(ledger.path)
        with listening(host, port) as (listener, url):
            settler = Settler(
                ledger,
                client,
                on_finished=lambda finished: _finished(finished, words),
                on_trouble=remark,
            )
            app = CallbackApp(ledger, secret=secret, on_taken=settler.wake)
            base = base_of(public_url) if public_url else url
            tell(f"listening on {url}; callback URL: {base}/{secret}")
            serve(app, listener, settler)
    return 0


def _words(forward: str | None) -> list[str]:
    try:
        words = shlex.split(forward or "")
    except ValueError as error:
        raise ConfigurationError(f"--forward is not a command: {error}") from error
    if words and shutil.which(words[0]) is None:  # the user must know now, not when the first task ends
        raise ConfigurationError(f"--forward: the program {words[0]} does not exist or cannot be run")
    return words


def _finished(finished: Finished, forward: list[str]) -> None:
    task, entry = finished.task, finished.entry
    name = f"entry {entry.id}" if entry else "not in the ledger"
    with suppress(OSError):  # the reader may have closed the pipe: the command still runs
        tell(f"{task.status.value}  task {task.id}  {name}")
    if not forward:
        return
    import subprocess  # only for --forward

    from preflight.render.objects.json_objects import submission_object
    from preflight.render.objects.json_text import to_json
    from preflight.submit.submit import Submission

    # The command is the user's own and fetches the results, so it gets their full URLs.
    document = {**submission_object(Submission.of(task, entry)), "outputs": list(task.outputs)}
    try:
        done = subprocess.run(
            forward,
            input=to_json(document).encode(),
            env={name: value for name, value in os.environ.items() if name != "PREFLIGHT_API_KEY"}
            | {"PREFLIGHT_TASK_ID": task.id},
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as trouble:
        remark(f"{forward[0]} for task {task.id}: {trouble}")
        return
    if done.returncode:
        remark(f"{forward[0]} for task {task.id} ended with {done.returncode}")
