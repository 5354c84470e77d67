"""Saves the results of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from preflight.cli.options.option_groups import NetworkOptions
from preflight.cli.printing.terminal import progress, remark
from preflight.client import is_loopback
from preflight.errors import SourceError
from preflight.render.texts import phrases
from preflight.sources.download_folder import require_download_folder
from preflight.sources.host import AllowedHost
from preflight.submit.submit import Submission


def require_place(folder: str | None) -> None:
    """Raise ``ConfigurationError`` where results cannot be saved in ``folder``: before anything is paid for."""
    if folder is not None:
        require_download_folder(Path(folder))


def with_files(
    submission: Submission,
    folder: str,
    *,
    api_url: str,
    network: NetworkOptions,
    hidden: bool,
) -> tuple[Submission, bool]:
    """Save every output into ``folder``: the submission with its files, and whether all of them were saved.

    A failed download changes nothing else: the job is paid for and
    done, and its result is still at its URL.
    """
    from preflight.sources.download import download  # loads asyncio

    saved: list[str] = []
    for url in submission.outputs:
        try:
            with progress("downloading", hidden=hidden) as update:
                path = download(
                    url,
                    Path(folder),
                    allow=(*network.allow, *_own_host(api_url)),
                    proxy=network.proxy,
                    on_progress=partial(_show, update),
                )
            saved.append(str(path))
        except SourceError as error:
            remark(f"cannot save the result: {error}")
    if len(saved) < len(submission.outputs):
        remark(f"to save it again: preflight task wait {submission.task_id} --download FOLDER")
    if not submission.outputs and submission.state == "completed":
        remark("the task is completed, but names no result to save")
    complete = bool(saved) and len(saved) == len(submission.outputs)
    return replace(submission, files=tuple(saved)), complete or submission.state != "completed"


def _show(update: Callable[[str], object], received: int, announced: int | None) -> None:
    of = f" of {phrases.size(announced)}" if announced else ""
    update(f"downloading: {phrases.size(received)}{of}")


def _own_host(api_url: str) -> tuple[AllowedHost, ...]:
    """A sandbox on this machine serves its results itself."""
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if not is_loopback(host):
        return ()
    shown = f"[{host}]" if ":" in host else host
    return (AllowedHost.parse(f"{shown}:{parts.port or (443 if parts.scheme == 'https' else 80)}"),)
