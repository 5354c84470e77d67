"""One job from one document: a YAML or JSON file, or text that came another way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from preflight.errors import JobUnreadable
from preflight.jobfiles.files import read_document, require_size
from preflight.jobfiles.json_text import read_json
from preflight.jobfiles.text import Text, decode
from preflight.jobfiles.unfold import unfold
from preflight.jobfiles.yaml_text import read_yaml
from preflight.model import Job

JOB_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
"""Endings, in lower case, of the files that ``load_job`` is meant for."""

_MANY = frozenset({".jsonl", ".ndjson", ".csv", ".tsv"})
_MEDIA = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".mp4", ".mov", ".m4v", ".mkv", ".webm"})


def load_job(path: Path) -> Job:
    """The job in a YAML or JSON file, whatever its body: an empty file has the body ``None``.

    A ``.json`` file must be JSON to the letter, since it will be posted as it is. Any other is JSON if it can
    be read as such, else YAML 1.2. ``line`` is the line on which the body starts.

    Raises ``JobUnreadable`` for a file that cannot be read, is not text, is neither, or breaks ``limits``.
    """
    _require_job_name(path)
    text = decode(read_document(path), path=str(path))
    if path.suffix.lower() == ".json":
        return unfold(read_json(text), text)
    return _read_either(text)


def load_text(text: str | bytes, path: str = "-") -> Job:
    """The job in ``text``, JSON or YAML; ``path`` is what errors and the job call it.

    The caller bounds what it reads: nothing above ``limits.DOCUMENT_BYTES`` is taken. Raises ``JobUnreadable``.
    """
    require_size(len(text), path=path)
    if isinstance(text, bytes):
        checked = decode(text, path=path)
    else:
        checked = Text(text.removeprefix("\ufeff"), path=path)
        checked.require_characters()
    return _read_either(checked)


def _require_job_name(path: Path) -> None:
    """Raise ``JobUnreadable`` for a name that says that the file is something else, rather than its first bytes."""
    suffix = path.suffix.lower()
    if suffix in _MANY:
        raise JobUnreadable("a manifest of many jobs, where one job is expected: a YAML or JSON file", path=str(path))
    if suffix in _MEDIA:
        message = "a media file, where a job is expected: a YAML or JSON file that names it in input_urls or video_urls"
        raise JobUnreadable(message, path=str(path))
    if str(path) == "-" and not path.exists():
        raise JobUnreadable("standard input, where the path of a job file is expected", path="-")


def _read_either(text: Text) -> Job:
    if not text.string.lstrip().startswith(("{", "[")):
        return _read_yaml(text)
    try:
        root = read_json(text)
    except JobUnreadable as exc:
        not_json = exc
    else:
        return unfold(root, text)
    try:
        return _read_yaml(text)
    except JobUnreadable as not_yaml:
        # Nobody said which it should be; the reader that got further is the likelier one.
        raise max(not_json, not_yaml, key=_reach) from None


def _read_yaml(text: Text) -> Job:
    root, comments = read_yaml(text)
    job = unfold(root, text)
    return replace(job, comments=comments) if comments else job


def _reach(exc: JobUnreadable) -> tuple[int, int]:
    return (exc.line or 0, exc.column or 0)
