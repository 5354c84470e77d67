"""The summary of a step in GitHub Actions: the findings that its annotations have no room for."""

from __future__ import annotations

import os
from pathlib import Path

import click

from preflight.model import Report
from preflight.render.places import SourceTree


def append_step_summary(report: Report, tree: SourceTree) -> None:
    """Append the findings to the file that ``GITHUB_STEP_SUMMARY`` names, within what GitHub takes.

    A file that cannot be written is said, and changes no verdict.
    """
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    from preflight.render.github import SUMMARY_BYTES, step_summary  # noqa: PLC0415 - only in a workflow

    path = Path(name)
    try:
        held = path.stat().st_size if path.exists() else 0
        text = step_summary(report, tree=tree, room=SUMMARY_BYTES - held)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        click.echo(f"preflight: cannot write the step summary: {error}", err=True)
