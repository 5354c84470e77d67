"""The options of ``preflight submit`` for many jobs, and which options go with what."""

from __future__ import annotations

import os
from pathlib import Path

import click

from preflight.bounded_file import why
from preflight.cli.options.completion import files, folders
from preflight.cli.options.option_groups import PayRunOptions, grouped
from preflight.cli.options.param_types import Number, WholeNumber
from preflight.cli.options.settings_options import is_given
from preflight.model.file_types import JOB_SUFFIXES, MANIFEST_SUFFIXES, PARQUET_SUFFIXES, RUN_FILE
from preflight.model.target import is_url
from preflight.redact import shown_path

_MOST_AT_ONCE = 256

pay_run_options = grouped(
    "pay",
    PayRunOptions,
    click.option("--budget", type=Number(), metavar="N", help="With a run: credits for all of its jobs together."),
    click.option(
        "--at-once",
        type=WholeNumber(1, _MOST_AT_ONCE),
        metavar="N",
        help="With a run: jobs under way at the same time (default: 4).",
    ),
    click.option(
        "--manifest",
        metavar="FILE",
        shell_complete=files,
        help="With a run: the file of its manifest, if it was moved.",
    ),
    click.option(
        "--to",
        "run_folder",
        metavar="RUN",
        shell_complete=folders,
        help="With a manifest: folder of its run (default: beside it, NAME.run).",
    ),
)


def is_of_many(path: str, pay: PayRunOptions) -> bool:
    """Whether ``path`` names a run or a manifest, rather than one job."""
    suffix = Path(path).suffix.lower()
    if suffix in MANIFEST_SUFFIXES or suffix in PARQUET_SUFFIXES:
        return True
    try:
        if pay.budget is not None and suffix not in JOB_SUFFIXES and Path(path).is_file():
            return True  # a budget is for many jobs: a table whose name does not say so
        is_folder = Path(path).is_dir() and (pay.budget is not None or Path(path, RUN_FILE).exists())
    except PermissionError as error:
        raise click.UsageError(f"{shown_path(path)}: {why(error)}") from error
    except (OSError, ValueError):  # a name that no file can have
        return False
    return is_folder or ("://" in path and not is_url(path))  # such as s3://bucket/run


def require_one_job(path: str | None, pay: PayRunOptions) -> None:
    """Raise ``UsageError`` for an option of a run beside a single job, and for a ``path`` that does not exist."""
    for name, value in (("--budget", pay.budget), ("--at-once", pay.at_once), ("--manifest", pay.manifest),
                        ("--to", pay.run_folder)):  # fmt: skip
        if value is not None:
            if path is not None and not is_url(path) and not os.path.lexists(path):
                from preflight.targets.arguments import no_such_file  # loads the readers of jobs

                raise click.UsageError(no_such_file(path))  # a misspelt run, rather than a job
            instead = "; --max-credits limits one job" if name == "--budget" else ""
            raise click.UsageError(f"{name} is for a run or a manifest, and this is one job{instead}")


def require_run_options(*, save_job: str | None, fix: bool, checked: str | None, again: bool) -> None:
    """Raise ``UsageError`` for an option of a single job beside a run or a manifest."""
    for name in ("image", "video", "mode", "orientation", "prompt", "model"):
        if is_given(name):
            raise click.UsageError(f"--{name} does not apply to a run: set it in the manifest")
    if again:
        raise click.UsageError("--again would pay for every job of the run once more: submit that job by itself")
    for name, value in (("--save-job", save_job), ("--fix", fix), ("--checked", checked)):
        if value:
            raise click.UsageError(f"{name} is for one job, and this is a run or a manifest")
