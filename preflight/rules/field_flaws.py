"""Flaws of the fields of a job, and their values as messages show them."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from preflight.redact import redact
from preflight.redact.suggestion import close_words
from preflight.rules.rule import Flaw
from preflight.specs import FieldSpec, FieldType, Spec
from preflight.specs.values import UNREAD_BYTES, allowed_values

if TYPE_CHECKING:
    from preflight.model.job import JsonValue

_TYPES: dict[FieldType, type | tuple[type, ...]] = {
    "string": str, "string[]": list, "object": dict, "integer": int, "number": (int, float), "boolean": bool,
}  # fmt: skip
_SHOWN_CHARACTERS = 60


def example_of(field: FieldSpec, spec: Spec) -> str:
    """A line of a job file that gives ``field`` an allowed value."""
    name = field.name.rpartition(".")[2]
    if field.role == "model":
        return f"{name}: {spec.model}"
    url = f'"https://example.com/{"dance.mp4" if field.role == "video" else "character.png"}"'
    if field.type == "string[]":
        return f"{name}: [{url}]"
    if field.role in ("image", "video"):
        return f"{name}: {url}"
    if field.type in ("integer", "number", "boolean") or field.role == "duration":
        return f"{name}: {field.default or (field.choices[0] if field.choices else _number_for(field))}"
    if field.type == "object":
        return f"{name}: {{…}}"
    return f"{name}: {field.default or (field.choices[0] if field.choices else '…')}"


def is_of_its_type(field: FieldSpec, value: JsonValue) -> bool:
    """Whether ``value`` has the type of ``field``."""
    kind = _TYPES[field.type]
    return isinstance(value, kind) and (not isinstance(value, bool) or field.type == "boolean")


def not_allowed(field: FieldSpec, value: JsonValue) -> Flaw:
    """The flaw of a value of the right type that is not among the allowed ones."""
    if field.choices and field.type == "string":
        return not_a_choice(field, str(value), field.choices, f"must be {allowed_values(field)}, not '{shown(value)}'")
    return Flaw(
        message=f"'{field.name}' must be {allowed_values(field)}, not {shown(value)}",
        measured=shown(value),
        allowed=", ".join(field.choices) or allowed_values(field),
        fix=" or ".join(f"{field.key}: {choice}" for choice in field.choices) or None,
        field=field.name,
    )


def out_of_bounds(field: FieldSpec, count: int) -> Flaw | None:
    """The flaw of a list with fewer or more items than the service takes."""
    least, most, noun = field.min_items or 0, field.max_items, noun_of(field)
    if least <= count and (most is None or count <= most):
        return None
    few = count < least
    allowed = f"at least {least}" if most is None else f"{least} to {most}" if least else f"at most {most}"
    allowed = str(least) if least == most else allowed
    return Flaw(
        message=f"'{field.name}' lists {count or 'no'} {noun}{'' if count == 1 else 's'}; the service takes {allowed}",
        measured=f"{count} URLs" if noun in ("image", "video") else f"{count} items",
        allowed=allowed,
        fix=f"add {least - count} more" if few else f"keep the {most} that you want and remove the others",
        field=field.name,
    )


def noun_of(field: FieldSpec) -> str:
    """The items of a list field, in the singular."""
    return field.role if field.role in ("image", "video") else "item"


def _number_for(field: FieldSpec) -> str:
    """A number within the bounds of ``field``."""
    return "true" if field.type == "boolean" else str(ceil(max(field.minimum or 1, 1)))


def not_a_choice(field: FieldSpec, value: str, choices: tuple[str, ...], what: str) -> Flaw:
    """The flaw of a ``value`` that is not one of ``choices``; ``what`` ends its message."""
    # Only a typing error has one meaning: "pro" may be any resolution, so the user chooses.
    close = close_words(value.lower(), choices, cutoff=0.75) or choices
    name = field.name.rpartition(".")[2]
    return Flaw(
        message=f"'{field.name}' {what}",
        measured=shown(value),
        allowed=", ".join(choices),
        fix=" or ".join(f"{name}: {choice}" for choice in close),
        field=field.name,
    )


def kind_of(value: JsonValue) -> str:
    """The kind of a value, for people."""
    match value:
        case None:
            return "an empty value"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return f"the number {shown(value)}"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "bytes" if value == UNREAD_BYTES else "a mapping"


def shown(value: object) -> str:
    """A value from a job file, short, on one line, without any query string."""
    text = redact(str(value))
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
