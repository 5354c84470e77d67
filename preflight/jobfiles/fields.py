"""The name of a field in a request body, and a job made from options or a form instead of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from preflight.model import Job
from preflight.model.frozen import frozen
from preflight.model.job import JsonValue
from preflight.redact import Secrets, hide, signing_values

LIST_FIELDS: Final = frozenset({"input_urls", "video_urls"})
"""The input fields that hold a list."""

_OUTSIDE_INPUT = frozenset({"model", "callback_url"})
_SHORT_NAMES = {"image": "input_urls", "video": "video_urls", "orientation": "character_orientation"}


@frozen
class FieldName:
    """Where in the body a value goes: ``key`` of the ``container``, which most models call input, or of the body."""

    key: str
    in_input: bool
    container: str = "input"

    def __str__(self) -> str:
        return f"{self.container}.{self.key}" if self.in_input else self.key


def field_name(name: str) -> FieldName:
    """The field that ``name`` means: ``mode`` and ``input.mode`` are the same, ``image`` is ``input_urls``.

    Any other bare name counts as a field of ``input``, any other dotted one as a key of the body, so that the
    rules find the ones that do not exist.
    """
    bare = name.removeprefix("input.")
    if bare == name and (name in _OUTSIDE_INPUT or "." in name):
        return FieldName(key=name, in_input=False)
    return FieldName(key=_SHORT_NAMES.get(bare, bare), in_input=True)


def body_from(values: dict[FieldName, JsonValue]) -> dict[str, JsonValue]:
    """The request body with ``values``; it has ``input`` even if no value belongs there."""
    body: dict[str, JsonValue] = {name.key: value for name, value in values.items() if not name.in_input}
    body["input"] = {name.key: value for name, value in values.items() if name.in_input}
    return body


def job_from_fields(
    *,
    model: str | None,
    images: Sequence[str] = (),
    videos: Sequence[str] = (),
    orientation: str | None = None,
    mode: str | None = None,
    prompt: str | None = None,
    callback_url: str | None = None,
) -> Job:
    """A job without a file. A value that is ``None`` or an empty sequence is absent from its body."""
    given: dict[str, JsonValue] = {
        "model": model,
        "callback_url": callback_url,
        "image": list(images) or None,
        "video": list(videos) or None,
        "orientation": orientation,
        "mode": mode,
        "prompt": prompt,
    }
    return Job(body=body_from({field_name(name): value for name, value in given.items() if value is not None}))


def shown_id(name: str, row: object) -> str:
    """A row's id as it may be kept and shown: people use a signed URL as one, or a signature of the row's own."""
    return hide(name, _signatures_in(row))


def without_signatures(meta: Mapping[str, JsonValue], row: object) -> dict[str, JsonValue]:
    """``meta`` without the signatures of the URLs in ``row``: a column of its own may hold the one of another."""
    secrets = _signatures_in(row)
    if not secrets:
        return dict(meta)
    return {name: secrets.hide(value) if isinstance(value, str) else value for name, value in meta.items()}


def _signatures_in(row: object) -> Secrets:
    found: list[str] = []
    waiting = [row]
    while waiting:
        match waiting.pop():
            case dict() as fields:
                waiting += fields.values()
            case list() as items:
                waiting += items
            case str(text) if "?" in text:
                found += signing_values(text)
    return Secrets(found)
