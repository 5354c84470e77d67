"""From what a user names to what the engine checks: job files, manifests, media files, folders, URLs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from preflight.engine import Media, Target
from preflight.errors import ConfigurationError
from preflight.examine import is_url
from preflight.redact import redact

MEDIA_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".mp4", ".mov", ".m4v", ".webp", ".heic", ".mkv", ".webm"})
"""What is looked at in a folder: what the service takes, and what people mistake for it."""

_JOB_LIKE = frozenset({".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".csv", ".tsv"})
_JOB_MARKS = (b"input_urls", b"video_urls")
_LOOKED_AT_BYTES = 64 * 1024


def read_targets(name: str, *, model: str) -> Iterator[Target]:
    """The targets behind one argument. ``model`` is for manifests that name none.

    Raises ``ConfigurationError`` for a path that is not there, ``JobUnreadable`` for a job file that cannot be read.
    """
    if is_url(name):
        yield Media(source=name)
        return
    path = Path(name)
    try:
        if path.is_dir():
            yield from _read_folder(path, model)
            return
        if not path.exists():
            raise ConfigurationError(f"{redact(name)}: no such file; a URL begins with https://")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{redact(name)}: not a path: {type(error).__name__}") from error
    yield from _read_file(path, model)


def _read_file(path: Path, model: str) -> Iterator[Target]:
    suffix = path.suffix.lower()
    if suffix in MEDIA_SUFFIXES:
        yield Media(source=str(path))
        return
    from preflight.jobfiles import (  # noqa: PLC0415 - loads YAML, which media files need not
        JOB_SUFFIXES,
        MANIFEST_SUFFIXES,
        load_job,
        load_manifest,
    )

    if suffix in JOB_SUFFIXES:
        yield load_job(path)
    elif suffix in MANIFEST_SUFFIXES:
        yield from load_manifest(path, default_model=model)
    else:
        yield Media(source=str(path))


def _read_folder(folder: Path, model: str) -> Iterator[Target]:
    """Media and job files below ``folder``, by name; not hidden folders, not YAML that is about something else."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            suffix = path.suffix.lower()
            if suffix in MEDIA_SUFFIXES or (suffix in _JOB_LIKE and _mentions_media(path)):
                yield from _read_file(path, model)


def _mentions_media(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT_BYTES)
    except OSError:
        return False
    return any(mark in head for mark in _JOB_MARKS)
