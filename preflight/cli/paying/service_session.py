"""What the commands that call the service open and show: a client, the ledger, a task, a submission."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from preflight.cli.options.shared_options import default_ledger
from preflight.cli.paying.key_file import read_key_file
from preflight.cli.printing.report_output import emit_as
from preflight.cli.printing.terminal import remark
from preflight.client import DEFAULT_BASE_URL, ApiKey, Client, is_loopback
from preflight.errors import ApiError, ApiUnreachable, ConfigurationError, UnexpectedResponse
from preflight.ledger import Ledger
from preflight.model.target import meant_url
from preflight.redact import redact, shown_path
from preflight.render.formats import SUBMISSION

if TYPE_CHECKING:
    from preflight.cli.options.option_groups import OutputOptions, ServiceOptions
    from preflight.client import Task
    from preflight.submit.submit import Submission

SANDBOX_PORT = 8787
"""Where ``preflight sandbox`` listens unless it is told another port."""


def open_ledger(path: str | None) -> Ledger:
    """The ledger in that file, else in the user's data folder. Raises ``LedgerUnusable``."""
    return Ledger(Path(path) if path else default_ledger())


@contextmanager
def ledger_to_read(path: str | None) -> Iterator[Ledger]:
    """The same in ``with``, for a command that only reads: where there is none, an empty one that leaves no file."""
    place = Path(path) if path else default_ledger()
    if _is_there(place):
        with Ledger(place) as ledger:
            yield ledger
        return
    with TemporaryDirectory() as folder, Ledger(Path(folder, "ledger.db")) as ledger:
        yield ledger


def require_ledger(path: str | None) -> None:
    """Raise ``ConfigurationError`` where there is no ledger, so that none is made only to find nothing in it."""
    place = Path(path) if path else default_ledger()
    if not _is_there(place):
        raise ConfigurationError(f"there is no ledger at {shown_path(str(place))}: nothing was submitted with it yet")


def _is_there(place: Path) -> bool:
    """Whether there is a ledger, or something that opening it complains about. To open an empty file would fill it."""
    try:
        found = place.stat()
    except FileNotFoundError:  # which is also what a link to nothing raises
        return False
    except (OSError, ValueError):
        return True
    return not stat.S_ISREG(found.st_mode) or found.st_size > 0


@contextmanager
def open_client(service: ServiceOptions, *, sleep: Callable[[float], None] | None = None) -> Iterator[Client]:
    """A client with the user's key. Raises ``InvalidKey`` and ``ConfigurationError``.

    ``sleep`` is how it waits. An ``ApiError`` of the body that an option may explain gets a note that says so.
    """
    if meant := meant_url(f"{service.api_url}/-"):
        meant = meant.removesuffix("/-")
        raise ConfigurationError(f"{redact(service.api_url)} is not the URL of an API; did you mean {meant!r}?")
    with Client(_key(service.key_file), base_url=service.api_url, sleep=sleep) as client:
        try:
            yield client
        except ApiError as error:
            if advice := _advice(error, client.base_url):
                error.add_note(advice)
            raise


def _advice(error: ApiError, base_url: str) -> str | None:
    """What to do about an API that is not there, or a server that is not the API."""
    url = urlsplit(base_url)
    if isinstance(error, ApiUnreachable):
        if not is_loopback(url.hostname or ""):
            return "'preflight doctor' looks for the reason"
        port = "" if url.port == SANDBOX_PORT else f" --port {url.port or 80}"
        return f"to start the sandbox, run in another terminal: preflight sandbox{port}"
    is_foreign = isinstance(error, UnexpectedResponse) or isinstance(error.__cause__, UnexpectedResponse)
    if is_foreign and error.status is not None and (error.status < 500 or base_url != DEFAULT_BASE_URL):
        return f"{redact(base_url)} does not answer like the API: check --api-url"
    return None


def _key(key_file: str | None) -> ApiKey:
    return ApiKey.from_environment(os.environ) if key_file is None else ApiKey(read_key_file(key_file))


def show_status(update: Callable[[str], object]) -> Callable[[Task], object]:
    """A callback for ``Client.wait`` that keeps a progress message up to date."""

    def show(task: Task) -> None:
        percent = f", {task.progress:f} %" if task.progress is not None else ""
        update(f"task {task.id}: {task.status_text}{percent}")

    return show


def emit_submission(submission: Submission, output: OutputOptions) -> bool:
    """Print the state of a submission. ``False`` when that fails: an error would hide that the job is paid."""
    try:
        emit_as(SUBMISSION, submission, output)
    except ConfigurationError as error:
        remark(f"task {submission.task_id} is {submission.state}; {error}")
        return False
    return True
