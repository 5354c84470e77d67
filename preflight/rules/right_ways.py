"""What to write instead of a value of the wrong type, or of a name or an address in odd characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.redact.suggestion import CURLY_QUOTES
from preflight.rules.field_flaws import shown
from preflight.specs import FieldSpec
from preflight.specs.values import UNREAD_BYTES

if TYPE_CHECKING:
    from preflight.model.job import JsonValue


def way_to_write(field: FieldSpec, value: JsonValue) -> str | None:
    """What to do about a ``value`` that does not have the type of ``field``."""
    key = field.name.rpartition(".")[2]
    match field.type, value:
        case "string[]", str():
            return f'write {key}: ["{value}"]' if shown(value) == value else "write [ ] around it"
        case "string[]", _:
            return f'write a list of texts, as in {key}: ["…"]'
        case "string", bool() | int() | float():
            return f'write it in quotes: "{shown(value).lower()}"'
        case "object", list():
            return "write its fields without '- ' before them"
        case "object", _:
            return "write its fields below it, indented, each as 'name: value' (in JSON: within { })"
        case "string", _:
            return way_to_write_text(value)
        case _:
            return None


def way_to_write_text(value: JsonValue) -> str:
    """What to do about a ``value`` where a text belongs."""
    match value:
        case None:
            return "write a value; in YAML, one that begins with '#' needs quotes"
        case dict() if value == UNREAD_BYTES:
            return "give the path or the URL of the file: bytes in a table are not read"
        case dict():
            return "write the text in quotes: in YAML, ': ' or { } without quotes makes a mapping"
        case list():
            return "write one text, without [ ] or '- '"
        case _:
            return f'write it in quotes: "{shown(value).lower()}"'


def way_to_write_job(body: JsonValue) -> str:
    """What to do about a job that is not a mapping."""
    if isinstance(body, list):
        return "write one job, without '- ' or [ ]; many jobs go into a .jsonl file, one a line"
    return "write each field as 'name: value', with a space after the colon; 'preflight init' writes an example"


def plain_characters(text: str) -> str | None:
    """What to do about curly quotes around ``text``, or spaces of another kind; ``None`` without such characters."""
    if text[:1] and (text[0] in CURLY_QUOTES or text[-1] in CURLY_QUOTES):
        return 'write straight quotes (") instead of curly quotes'
    if text.strip() != text.strip(" "):
        return "write plain spaces around it: these are of another kind (such as U+00A0)"
    return None
