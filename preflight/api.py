"""The Python API: one function for each command."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.errors import ConfigurationError
from preflight.jobfiles import job_from_fields, load_job
from preflight.model import Job, Kind, Report
from preflight.model.target import Media, Target
from preflight.specs import DEFAULT_MODEL


def check(
    job: Job | str | PathLike[str] | None = None,
    *,
    image: str | None = None,
    video: str | None = None,
    mode: str | None = None,
    orientation: str | None = None,
    prompt: str | None = None,
    model: str = DEFAULT_MODEL,
    options: Options | None = None,
) -> Report:
    """Check a job (a path or a loaded one), or an ``image`` and a ``video`` (a path or a URL each), or one of the two.

    Bad media is in the report, not an exception. Raises ``ConfigurationError`` when there is nothing to check, and
    ``JobUnreadable`` for a job file that cannot be read. Inside an event loop, use ``check_async`` instead.
    """
    target, options = _target(job, image, video, mode, orientation, prompt, model, options)
    with Engine(options) as engine:
        return engine.check([target])


async def check_async(
    job: Job | str | PathLike[str] | None = None,
    *,
    image: str | None = None,
    video: str | None = None,
    mode: str | None = None,
    orientation: str | None = None,
    prompt: str | None = None,
    model: str = DEFAULT_MODEL,
    options: Options | None = None,
) -> Report:
    """``check``, inside an event loop."""
    target, options = _target(job, image, video, mode, orientation, prompt, model, options)
    with Engine(options) as engine:
        return await engine.check_async([target])


def _target(  # noqa: PLR0917 - the two faces above, passed on in one order
    job: Job | str | PathLike[str] | None,
    image: str | None,
    video: str | None,
    mode: str | None,
    orientation: str | None,
    prompt: str | None,
    model: str,
    options: Options | None,
) -> tuple[Target, Options]:
    chosen = options or Options(model=model, mode=mode, orientation=orientation)
    if job is not None:
        return job if isinstance(job, Job) else load_job(Path(job)), chosen
    if image is not None and video is not None:
        made = job_from_fields(
            model=model, images=[image], videos=[video], mode=mode, orientation=orientation, prompt=prompt
        )
        return made, chosen
    if image is not None:
        return Media(source=image, kind=Kind.IMAGE), chosen
    if video is not None:
        return Media(source=video, kind=Kind.VIDEO), chosen
    raise ConfigurationError("nothing to check: give a job, an image or a video")
