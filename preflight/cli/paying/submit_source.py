"""The job that ``submit`` is about: from its file or from options, repaired and kept on request."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.options.option_groups import JobOptions
from preflight.cli.options.settings_options import is_given
from preflight.cli.options.spec_options import known_specs, spec_named
from preflight.cli.printing.output import emit
from preflight.cli.printing.terminal import remark, tell_beside
from preflight.cli.targets import require_file
from preflight.errors import ConfigurationError
from preflight.jobfiles import load_job
from preflight.jobfiles.write import job_text
from preflight.model import Job
from preflight.model.target import Media, is_url
from preflight.redact import shown_path
from preflight.targets.image_and_video import target_of
from preflight.upload.job_media import local_paths, with_values

if TYPE_CHECKING:
    from preflight.fix.outcome import Outcome

_ONLY_WITHOUT_A_FILE = ("mode", "orientation", "prompt")


def read_job(path: str | None, options: JobOptions) -> Job:
    """The job in the file ``path``, else that of ``--image`` and ``--video``. Raises ``UsageError`` for neither."""
    given = options.image is not None or options.video is not None
    if path is not None:
        if given:
            raise click.UsageError("name a job file, or give --image and --video: not both")
        if is_given(*_ONLY_WITHOUT_A_FILE):
            raise click.UsageError("--mode, --orientation and --prompt do not apply to job files: set them in the job")
        return load_job(Path(path))
    target = target_of(
        image=options.image, video=options.video, mode=options.mode, orientation=options.orientation,
        prompt=options.prompt, spec=spec_named(options.model),
    )  # fmt: skip
    if target is None or isinstance(target, Media):
        missing = "--image" if options.image is None else "--video"
        raise click.UsageError(
            f"{missing} is missing: a job has an image and a video"
            if given
            else "nothing to submit: name a job file, or give --image and --video"
        )
    for source in (options.image, options.video):
        if source is not None and not is_url(source):
            require_file(source)
    return target


def require_new_job_file(path: str | None) -> None:
    """Raise where ``--save-job`` cannot keep a job at ``path``: before anything is checked, uploaded or paid."""
    if path is None:
        return
    if Path(path).suffix.lower() not in (".yaml", ".yml", ".json"):
        raise click.UsageError("--save-job must name a .yaml, .yml or .json file")
    if os.path.lexists(path):
        raise ConfigurationError(f"{shown_path(path)} already exists: give --save-job another name")


def keep_job(job: Job, path: str) -> None:
    """Write ``job`` to ``path``, with the paths of local files as they are seen from there."""
    folder, here = Path(path).parent, Path(job.path).parent if job.path else Path()
    local = local_paths(replace(job, path=None), known_specs())
    moved = {field: _seen_from(folder, here / file) for field, file in local.items()}
    emit(job_text(with_values(job, moved).body, as_json=Path(path).suffix.lower() == ".json"), path)
    remark(f"the job is kept in {shown_path(path)}")


def _seen_from(folder: Path, file: Path) -> str:
    if file.is_absolute():
        return str(file)
    relative = os.path.relpath(file, folder)
    return f"./{relative}" if is_url(relative) else relative


def say_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print what was repaired, and what was not, on standard error."""
    from preflight.render.fixes import render_outcomes  # only for --fix

    for line in render_outcomes(outcomes):
        tell_beside(line)
