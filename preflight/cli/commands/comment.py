"""``preflight comment``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from preflight.bounded_file import NotRead, read_bounded
from preflight.cli.options.completion import files
from preflight.cli.options.param_types import WholeNumber
from preflight.cli.printing.output import emit
from preflight.cli.printing.terminal import tell
from preflight.errors import ConfigurationError
from preflight.redact import redact, remember, shown_path

_EVENT_BYTES = 8 << 20
_COMMENT_BYTES = 1 << 20


@click.command("comment")
@click.option(
    "--artifact",
    required=True,
    metavar="FILE",
    shell_complete=files,
    help="The comment, as preflight diff --format markdown writes it.",
)
@click.option(
    "--pull-request",
    "number",
    type=WholeNumber(min=1),
    metavar="N",
    help="Number of the pull request (default: the one of the workflow's event).",
)
@click.option("--dry-run", is_flag=True, help="Print the comment instead of posting it.")
def command(*, artifact: str, number: int | None, dry_run: bool) -> int:
    """Post the cost of a pull request as one comment, which the next run replaces.

    The file is not trusted: only bold text and tables come through, and nobody is mentioned. GITHUB_TOKEN,
    GITHUB_REPOSITORY and GITHUB_API_URL are read from the environment, as GitHub Actions sets them.

    \b
    preflight comment --artifact diff.md
    preflight comment --artifact diff.md --pull-request 12
    """
    from preflight.diff.comment_text import plain_comment

    try:
        data = read_bounded(Path(artifact), _COMMENT_BYTES)
    except NotRead as error:
        raise ConfigurationError(f"{shown_path(artifact)}: {error}") from error
    text = plain_comment(data)
    if dry_run:
        emit(text, None)
        return 0
    from preflight.diff.pull_request import API_URL, Access, GitHub  # loads httpx2

    token = _variable("GITHUB_TOKEN")
    remember(token)
    repository = _repository(_variable("GITHUB_REPOSITORY"))
    access = Access(repository=repository, token=token, api_url=os.environ.get("GITHUB_API_URL") or API_URL)
    event = _event()
    number = number or _number_in(event)
    with GitHub(access) as github:
        if number is None:
            number = github.number_of(**_branch_of(event))
        tell(f"{github.post(number, text)}  {repository}#{number}")
    return 0


def _variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"{name} is not set: GitHub Actions sets it, or give it in env")
    return value


def _repository(name: str) -> str:
    owner, _, rest = name.partition("/")
    if not owner or not rest or "/" in rest or not all(char.isalnum() or char in "-_." for char in owner + rest):
        raise ConfigurationError(f"GITHUB_REPOSITORY is {redact(name)}; it must be OWNER/NAME")
    return name


def _event() -> dict[str, Any]:
    import json

    name = os.environ.get("GITHUB_EVENT_PATH")
    try:
        event = json.loads(read_bounded(Path(name), _EVENT_BYTES)) if name else {}
    except (NotRead, ValueError, RecursionError):
        event = {}
    return event if isinstance(event, dict) else {}


def _number_in(event: dict[str, Any]) -> int | None:
    """The number of the event's pull request. A ``workflow_run`` names those of its own repository only."""
    run = event.get("workflow_run")
    among = run.get("pull_requests") if isinstance(run, dict) else None
    first = among[0] if isinstance(among, list) and among else event.get("pull_request")
    number = first.get("number") if isinstance(first, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None


def _branch_of(event: dict[str, Any]) -> dict[str, str]:
    """The fork, branch and commit that a ``workflow_run`` ran on: GitHub's words, not those of the artifact."""
    run: Any = event.get("workflow_run")
    try:
        found = {
            "owner": run["head_repository"]["owner"]["login"],
            "branch": run["head_branch"],
            "commit": run["head_sha"],
        }
    except (TypeError, KeyError):
        found = {}
    if not found or not all(isinstance(value, str) and value for value in found.values()):
        raise ConfigurationError("the event names no pull request: give --pull-request N")
    return found
