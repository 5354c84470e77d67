"""Saving what a task made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from preflight.cli.progress import progress
from preflight.client import is_loopback
from preflight.errors import SourceError
from preflight.sources.host import AllowedHost
from preflight.submit import Submission

download_option = click.option("--download", metavar="FOLDER", help="Wait, and save the results there.")


def with_files(
    submission: Submission, folder: str, *, api_url: str, allow: tuple[AllowedHost, ...], hidden: bool
) -> tuple[Submission, bool]:
    """Save every output into ``folder``: the submission with its files, and whether all of them were saved.

    A failed download takes nothing back: the job is paid for and done, and its result still at its URL.
    """
    from preflight.sources.download import download  # noqa: PLC0415 - loads httpx

    saved: list[str] = []
    for url in submission.outputs:
        try:
            with progress("downloading", hidden=hidden):
                saved.append(str(download(url, Path(folder), allow=(*allow, *_own_host(api_url)))))
        except SourceError as error:
            click.echo(f"preflight: the result could not be saved: {error}", err=True)
    return replace(submission, files=tuple(saved)), len(saved) == len(submission.outputs)


def _own_host(api_url: str) -> tuple[AllowedHost, ...]:
    """A sandbox on this machine serves its results itself."""
    host = urlsplit(api_url).hostname or ""
    return (AllowedHost.parse(f"[{host}]" if ":" in host else host),) if is_loopback(host) else ()
