"""A row of a run as the table shows it: bounded texts, all of which are escaped by the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from preflight.model import JobReport, Subject
from preflight.model.target import is_url
from preflight.redact import printable, redact, shorten
from preflight.render.texts import phrases

FILES: Final = 4
"""Files of a row that are shown."""
_FINDINGS: Final = 20
_CHARACTERS: Final = 600
_NAME_CHARACTERS: Final = 160


def cells_of(job: JobReport, *, row: int, meta: Mapping[str, str]) -> dict[str, Any]:
    """The cells of a row as JSON."""
    quote = job.quote
    return {
        "row": row,
        "id": _text(job.id or "", _NAME_CHARACTERS),
        "verdict": job.verdict.value,
        "label": phrases.label_of(job.verdict, job.subjects),
        "files": [_file(subject) for subject in job.subjects[:FILES]],
        "findings": [
            {
                "rule": _text(each.rule, _NAME_CHARACTERS),
                "severity": each.severity.label,
                "text": _text(each.message, _CHARACTERS),
                "measured": _text(each.measured or "", _NAME_CHARACTERS),
                "allowed": _text(each.allowed or "", _NAME_CHARACTERS),
                "fix": _text(each.fix or "", _CHARACTERS),
            }
            for each in job.findings[:_FINDINGS]
        ],
        "more": max(0, len(job.findings) - _FINDINGS),
        "price": "" if quote is None else phrases.price(quote),
        "mode": "" if quote is None else _text(quote.mode or "", 40),
        "meta": dict(meta),
    }


def _file(subject: Subject) -> dict[str, Any]:
    source = subject.source
    shown = redact(source) if is_url(source) else printable(source)
    name = shown.rstrip("/").rpartition("/")[2] or shown
    thumbnail = subject.thumbnail
    return {
        "size": [thumbnail.width, thumbnail.height] if thumbnail is not None and thumbnail.data else None,
        "no_picture": _text(thumbnail.missing or "", _NAME_CHARACTERS) if thumbnail is not None else "",
        "kind": subject.kind.value if subject.kind is not None else "file",
        "name": shorten(name, 60),
        "source": shorten(shown, _CHARACTERS),
        "facts": _text(phrases.measured(subject) or phrases.why_not_read(subject) or "", _CHARACTERS),
    }


def _text(value: str, most: int) -> str:
    return shorten(redact(value, longest=most * 2), most)
