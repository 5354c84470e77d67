"""JSON Lines: one job a line, with the row's ``id`` beside its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from preflight.errors import JobUnreadable
from preflight.jobfiles.json_text import read_json
from preflight.jobfiles.lines import Lines
from preflight.jobfiles.text import Text
from preflight.jobfiles.unfold import unfold
from preflight.model import Job


def read_json_lines(lines: Lines) -> Iterator[Job | JobUnreadable]:
    """The jobs of ``lines``, in place of an unreadable one its error. Blank lines are passed over."""
    while True:
        try:
            line = next(lines)
            if line.strip():
                yield _job(Text(line.rstrip("\r\n"), path=lines.path, first_line=lines.number))
        except StopIteration:
            return
        except JobUnreadable as exc:
            yield exc


def _job(text: Text) -> Job:
    text.require_characters()
    job = unfold(read_json(text), text)
    if not isinstance(job.body, dict) or "id" not in job.body:
        return job
    body = dict(job.body)
    name = body.pop("id")
    if isinstance(name, bool | list | dict):
        raise text.unreadable("'id' must be a string or a number", job.places["id"])
    return replace(job, body=body, id=None if name is None else str(name) or None)
