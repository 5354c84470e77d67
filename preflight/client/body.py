"""The JSON of an answer, read with care: numbers exact, nesting and size bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from preflight.client.exchange import Answer

_NOTHING: Mapping[str, object] = MappingProxyType({})
_LARGEST = 10**15
_MOST_PLACES = 12


def fields_of(answer: Answer) -> Mapping[str, object] | None:
    """The JSON object in the body of ``answer``; ``None`` if it holds something else. Fractions are ``Decimal``."""
    if answer.body is None:
        return None
    try:
        value = json.loads(answer.body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return MappingProxyType(value) if isinstance(value, dict) else None


def member(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The object at ``name``, empty where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else _NOTHING


def number(value: object) -> Decimal | None:
    """``value`` if it is a number that a balance or a time can have, else ``None``."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    exact = Decimal(value)
    # Compared before anything prints it: 1e-999999 is one short token and a megabyte of digits.
    if not -_LARGEST < exact < _LARGEST or int(exact.as_tuple().exponent) < -_MOST_PLACES:
        return None
    return exact


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")
