"""The arguments of a tool call as targets of a check, with every path inside the roots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from preflight.agents.quote_book import hash_of
from preflight.agents.roots import Roots
from preflight.checking.chosen import chosen_from, merged
from preflight.checking.options import Options
from preflight.errors import ConfigurationError
from preflight.model import Job
from preflight.model.file_types import MANIFEST_SUFFIXES
from preflight.model.target import Target, is_url
from preflight.redact import redact
from preflight.specs import DEFAULT_MODEL
from preflight.targets import read_targets
from preflight.targets.folders import Filters, find_files
from preflight.upload.job_media import local_paths

MOST_JOBS = 20
"""Jobs and media files of one call: a model reads the answer, and more belong into a run on disk."""

_MOST_FILES = 1000
"""Files of a folder that are looked at."""

_CHOICES = ("mode", "orientation", "model")
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTargets:
    """What a call is about. ``file`` is the job file or manifest with its hash, where it names one."""

    targets: tuple[Target, ...]
    options: Options
    file: tuple[Path, str] | None = None


def names_paths(arguments: Mapping[str, Any]) -> bool:
    """Whether the roots are needed: a job may name local files, and so may every source that is not a URL."""
    given = [arguments.get(name) for name in ("source", "image", "video")]
    return "job" in arguments or any(isinstance(each, str) and not _is_at_url(each) for each in given)


def for_model_of(arguments: Mapping[str, Any], options: Options) -> Options:
    """The operator's options for a call: a model that the call names stands in place of the operator's."""
    return options if arguments.get("model") is None else replace(options, model=DEFAULT_MODEL)


def targets_of_call(arguments: Mapping[str, Any], roots: Roots, options: Options) -> CallTargets:
    """The targets, and ``options`` with what the call says. Reads files.

    Raises ``ConfigurationError`` for arguments that contradict each other, for a path outside the roots, and for more
    than ``MOST_JOBS`` targets; ``JobUnreadable`` for a job that cannot be read.
    """
    # The last word on each local file: also on those that a job names, right before one is opened.
    options = replace(options, locate=roots.locate)
    options = for_model_of(arguments, options)
    chosen = {name: arguments.get(name) for name in _CHOICES}
    source, job = arguments.get("source"), arguments.get("job")
    image, video = (_place(arguments.get(name), roots) for name in ("image", "video"))
    if [source, job, image or video].count(None) != 2:
        raise ConfigurationError("give one of: job, source, or an image and a video")
    if source is None or _is_at_url(source):
        targets, options = chosen_from(
            source or job, image=image, video=video, prompt=arguments.get("prompt"), options=options, **chosen
        )
        _require_jobs_inside(targets, roots, options)
        return CallTargets(targets=tuple(targets), options=options)
    if arguments.get("prompt") is not None:
        raise ConfigurationError("a job has its own prompt: give either a source or a prompt")
    path = roots.confine(source)
    before = hash_of(path) if path.is_file() else None
    if path.is_dir() or path.suffix.lower() in MANIFEST_SUFFIXES:
        options = merged(options, **chosen)
        if path.is_dir():
            _require_inside(path, roots)
        given = read_targets(str(path), model=options.model, specs=options.specs)
        found = list(islice(given, MOST_JOBS + 1))
    else:
        found, options = chosen_from(path, options=options, **chosen)
    if len(found) > MOST_JOBS:
        raise ConfigurationError(f"more than {MOST_JOBS} jobs: 'preflight check' on the command line takes any number")
    _require_jobs_inside(found, roots, options)
    if not found:
        raise ConfigurationError("no jobs in it")
    return CallTargets(targets=tuple(found), options=options, file=(path, before) if before else None)


def _require_inside(folder: Path, roots: Roots) -> None:
    """Raise ``OutsideRoots`` where a file of ``folder`` is a link that leads out."""
    files = list(islice(find_files(folder, Filters()), _MOST_FILES + 1))
    if len(files) > _MOST_FILES:
        raise ConfigurationError(f"more than {_MOST_FILES} files in the folder: name one of them")
    for found in files:
        roots.confine(found.path)


def _require_jobs_inside(targets: Iterable[Target], roots: Roots, options: Options) -> None:
    """Raise ``OutsideRoots`` for a job that names a file outside, before any file is read."""
    for target in targets:
        if isinstance(target, Job):
            for path in local_paths(target, options.specs).values():
                roots.locate(path)


def _place(name: str | None, roots: Roots) -> str | None:
    return name if name is None or _is_at_url(name) else str(roots.confine(name))


def _is_at_url(name: str) -> bool:
    """Whether ``name`` is the URL of a file. Raises ``ConfigurationError`` for a URL that is no such one."""
    if not is_url(name):
        return False
    if not name.lower().startswith(_SCHEMES):
        raise ConfigurationError(f"{redact(name)}: only http and https URLs can be read")
    return True
