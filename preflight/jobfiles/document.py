"""One job from one document: a YAML or JSON file, or text that came another way."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from preflight.errors import JobUnreadable
from preflight.jobfiles.files import read_document, require_size
from preflight.jobfiles.json_text import read_json
from preflight.jobfiles.text import Text, decode
from preflight.jobfiles.tree import Node
from preflight.jobfiles.unfold import unfold
from preflight.jobfiles.yaml_text import read_yaml
from preflight.model import Job

JOB_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
"""Endings, in lower case, of the files that ``load_job`` is meant for."""


def load_job(path: Path) -> Job:
    """The job in a YAML or JSON file, whatever its body: an empty file has the body ``None``.

    A ``.json`` file must be JSON to the letter, since it will be posted as it is. Any other is JSON if it can
    be read as such, else YAML 1.2. ``line`` is the line on which the body starts.

    Raises ``JobUnreadable`` for a file that cannot be read, is not text, is neither, or breaks ``limits``.
    """
    text = decode(read_document(path), path=str(path))
    root = read_json(text) if path.suffix.lower() == ".json" else _read_either(text)
    return unfold(root, text)


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
    return unfold(_read_either(checked), checked)


def _read_either(text: Text) -> Node | None:
    if not text.string.lstrip().startswith(("{", "[")):
        return read_yaml(text)
    try:
        return read_json(text)
    except JobUnreadable as exc:
        not_json = exc
    try:
        return read_yaml(text)
    except JobUnreadable as not_yaml:
        # Nobody said which it should be; the reader that got further is the likelier one.
        raise max(not_json, not_yaml, key=_reach) from None


def _reach(exc: JobUnreadable) -> tuple[int, int]:
    return (exc.line or 0, exc.column or 0)
