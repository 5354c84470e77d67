"""The Python API: one function for each command."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TypedDict, Unpack

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.errors import ConfigurationError
from preflight.jobfiles import load_job
from preflight.model import Job, Report
from preflight.model.target import Target
from preflight.specs import DEFAULT_MODEL
from preflight.targets.image_and_video import target_of


class JobFields(TypedDict, total=False):
    """The keywords of ``check`` that take the place of a job."""

    image: str | None
    video: str | None
    mode: str | None
    orientation: str | None
    prompt: str | None
    model: str


def check(
    job: Job | str | PathLike[str] | None = None, *, options: Options | None = None, **fields: Unpack[JobFields]
) -> Report:
    """Check a job (a path or a loaded one), or an ``image`` and a ``video`` (a path or a URL each), or one of the two.

    Without a job, ``fields`` are ``image``, ``video``, ``mode``, ``orientation``, ``prompt`` and ``model``, each as in
    a job file. Bad media is in the report, not an exception. Raises ``ConfigurationError`` when there is nothing to
    check, and ``JobUnreadable`` for a job file that cannot be read. Inside an event loop, use ``check_async`` instead.
    """
    target, chosen = _chosen(job, options, **fields)
    with Engine(chosen) as engine:
        return engine.check([target])


async def check_async(
    job: Job | str | PathLike[str] | None = None, *, options: Options | None = None, **fields: Unpack[JobFields]
) -> Report:
    """``check``, inside an event loop."""
    target, chosen = _chosen(job, options, **fields)
    with Engine(chosen) as engine:
        return await engine.check_async([target])


def _chosen(
    job: Job | str | PathLike[str] | None,
    options: Options | None,
    *,
    image: str | None = None,
    video: str | None = None,
    mode: str | None = None,
    orientation: str | None = None,
    prompt: str | None = None,
    model: str = DEFAULT_MODEL,
) -> tuple[Target, Options]:
    chosen = options or Options(model=model, mode=mode, orientation=orientation)
    if job is not None:
        return job if isinstance(job, Job) else load_job(Path(job)), chosen
    target = target_of(image=image, video=video, mode=mode, orientation=orientation, prompt=prompt, model=model)
    if target is None:
        raise ConfigurationError("nothing to check: give a job, an image or a video")
    return target, chosen
