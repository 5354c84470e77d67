"""Turns what a program hands over into targets: a job as a dict, a ``Job`` or text, or the path or URL of something."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, Union

from preflight.errors import ConfigurationError
from preflight.model.file_types import JOB_SUFFIXES
from preflight.model.target import Media, Target, is_url
from preflight.redact import redact
from preflight.specs import BUILT_IN, Specs
from preflight.targets.arguments import read_targets
from preflight.targets.folders import MEDIA_SUFFIXES

if TYPE_CHECKING:
    from preflight.model import Job

JobLike: TypeAlias = Union["Job", Mapping[str, Any], str, PathLike[str]]
"""A job: loaded, as the request body in a mapping, as text (JSON or YAML), or in a file; or a media file or URL."""


def targets_of(given: JobLike, *, model: str, specs: Specs = BUILT_IN) -> Iterator[Target]:
    """The targets behind ``given``. ``model`` is for manifests that name none.

    A text is the text of a job if it has several lines or begins with ``{``, a URL is a file at that URL, and anything
    else is a path: of a job, a manifest, a media file or a folder. Raises ``ConfigurationError`` for a mapping that
    cannot be a request body and for a path that is not there, ``JobUnreadable`` for a job that cannot be read.
    """
    if not isinstance(given, str | PathLike):
        yield job_of(given)
        return
    name = os.fspath(given)
    path = None if isinstance(given, str) and (_is_text(name) or is_url(name)) else Path(name)
    if path is None:
        yield Media(source=name) if is_url(name) and not _is_text(name) else job_of(given)
    elif path.suffix.lower() in MEDIA_SUFFIXES:
        yield Media(source=name)
    elif path.suffix.lower() in JOB_SUFFIXES and not path.is_dir():
        yield job_of(path)
    else:  # what it holds is what counts: a GIF or a film of any suffix is a media file
        yield from read_targets(os.path.join(os.curdir, name) if is_url(name) else name, model=model, specs=specs)  # noqa: PTH118


def job_of(given: JobLike) -> Job:
    """The one job that ``given`` is. Raises ``ConfigurationError``, and ``JobUnreadable`` as ``load_job`` does."""
    from preflight.jobfiles import job_from_mapping, load_job, load_text  # loads YAML
    from preflight.model import Job  # a media file has no job

    if isinstance(given, Job):
        return given
    if isinstance(given, Mapping):
        return job_from_mapping(given)
    if not isinstance(given, str | PathLike):
        raise ConfigurationError(
            f"a job is a mapping, a Job, a path or text, not {type(given).__name__}"  # a caller without type checks
        )
    name = os.fspath(given)
    if not isinstance(name, str):
        raise ConfigurationError("the path of a job is text, not bytes")
    if not name.strip():
        raise ConfigurationError("an empty text instead of a job or a path")
    if isinstance(given, str) and _is_text(name):
        return replace(load_text(name, path="<text>"), path=None)
    if isinstance(given, str) and is_url(name):
        raise ConfigurationError(f"{redact(name)}: a URL is a media file, where a job is expected")
    return load_job(Path(name))


def is_path(given: JobLike) -> TypeGuard[str | PathLike[str]]:
    """Whether ``given`` is the path of something."""
    return isinstance(given, PathLike) or (isinstance(given, str) and not _is_text(given) and not is_url(given))


def _is_text(name: str) -> bool:
    return "\n" in name or name.lstrip().startswith("{")
