"""Compares a value of a job with the choices and the bounds of its field."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from preflight.specs.spec import FieldSpec
from preflight.specs.table_reader import exact_number

UNREAD_BYTES = MappingProxyType({"binary": "not read"})
"""The value in place of bytes in a table, such as a picture itself: a job names files by URL or path."""


def number_of(field: FieldSpec, value: object) -> Fraction | None:
    """The number in ``value``, which is a text where the field takes texts; ``None`` for any other value."""
    if isinstance(value, str) != (field.type == "string"):
        return None
    return exact_number(Decimal(repr(value)) if isinstance(value, float) else value)


def is_allowed(field: FieldSpec, value: object) -> bool:
    """Whether ``value`` is one of the choices of ``field``, within its bounds, and of its type."""
    if field.type in ("integer", "number") or field.role == "duration":
        number = number_of(field, value)
        if number is None or (field.type == "integer" and number.denominator != 1):
            return False
        if field.choices and number not in map(Fraction, field.choices):
            return False
        return _within(field, number) and number > 0 if field.role == "duration" else _within(field, number)
    if field.type == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str) and (not field.choices or value in field.choices)


def allowed_values(field: FieldSpec) -> str:
    """The allowed values, for people."""
    if field.choices:
        return " or ".join(field.choices)
    kind = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}.get(field.type, "a text")
    if field.minimum is not None and field.maximum is not None:
        return f"{kind} from {_shown(field.minimum)} to {_shown(field.maximum)}"
    if field.minimum is not None:
        return f"{kind} of {_shown(field.minimum)} or more"
    return kind if field.maximum is None else f"{kind} of {_shown(field.maximum)} or less"


def _within(field: FieldSpec, number: Fraction) -> bool:
    return (field.minimum is None or number >= field.minimum) and (field.maximum is None or number <= field.maximum)


def _shown(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):g}"
