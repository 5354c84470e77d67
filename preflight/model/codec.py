"""Writes the model's values as plain ones and reads them again, by the types that its classes declare."""

from __future__ import annotations

import types
import typing
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any

import preflight.model.resolvable  # noqa: F401 - completes the names that are resolved here
from preflight import errors
from preflight.errors import ConfigurationError, PreflightError
from preflight.model.facts import Defect, MediaError

_TEXT_BYTES = 100
_LONGEST: Mapping[type, int] = {bytes: 64 * 1024}
_READ: Mapping[type, Callable[[str], Any]] = {
    Decimal: Decimal,
    Fraction: Fraction,
    datetime: datetime.fromisoformat,
    bytes: lambda text: b64decode(text, validate=True),
}
_ERRORS: Mapping[str, type[PreflightError]] = {
    name: each for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, PreflightError)
} | {"MediaError": MediaError}


def encode(value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
    """``value`` in values that JSON has. A class is an object of its fields."""
    match value:
        case PreflightError():
            return {"error": type(value).__name__, "args": encode(value.args), "values": encode(vars(value))}
        case Enum():
            return value.name
        case None | bool() | int() | float():
            return value
        case str():
            return str(value)
        case Decimal() | Fraction():
            return str(value)
        case datetime():
            return value.isoformat()
        case bytes():
            return b64encode(value).decode("ascii")
        case tuple() if hasattr(value, "_fields"):
            return {name: encode(getattr(value, name)) for name in value._fields}
        case tuple() | list():
            return [encode(each) for each in value]
        case Mapping():
            return {str(key): encode(each) for key, each in value.items()}
    kind = {"kind": type(value).__name__} if type(value).__name__ in ("ImageFacts", "VideoFacts") else {}
    return kind | {each.name: encode(getattr(value, each.name)) for each in fields(value) if each.init}


def decode(kind: Any, data: Any) -> Any:
    """The value of the declared type ``kind`` that ``encode`` wrote as ``data``.

    Raises ``ConfigurationError`` where ``data`` was not written so.
    """
    try:
        return _decode(kind, data)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, RecursionError) as exc:
        raise ConfigurationError(f"not a report that this version wrote: {type(exc).__name__}") from exc


def _decode(kind: Any, data: Any) -> Any:  # noqa: PLR0911 - one for each kind of type
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _member(typing.get_args(kind), data)
    if origin is tuple:
        members = typing.get_args(kind)
        _require(isinstance(data, list))
        if len(members) == 2 and members[1] is Ellipsis:
            return tuple(_decode(members[0], each) for each in data)
        return tuple(_decode(member, each) for member, each in zip(members, data, strict=True))
    if origin is Mapping:  # the author's own columns, of any JSON
        _require(isinstance(data, dict))
        return data
    if origin is typing.Literal:
        _require(data in typing.get_args(kind))
        return data
    if isinstance(kind, type):
        if issubclass(kind, PreflightError):
            return _error(data)
        if issubclass(kind, Enum):
            return kind[data]
        if kind in _READ:
            _require(isinstance(data, str) and len(data) <= _LONGEST.get(kind, _TEXT_BYTES))
            return _READ[kind](data)
        if kind in (bool, int, str):
            _require(type(data) is kind)
            return data
        if is_dataclass(kind) or hasattr(kind, "_fields"):
            return _record(kind, data)
    raise TypeError(kind)


def _member(members: tuple[Any, ...], data: Any) -> Any:
    if data is None:
        _require(type(None) in members)
        return None
    others = [each for each in members if each is not type(None)]
    if len(others) > 1:
        others = [each for each in others if each.__name__ == data["kind"]]
    (kind,) = others
    return _decode(kind, data)


def _record(kind: Any, data: Any) -> Any:
    _require(isinstance(data, dict))
    hints = _hints(kind)
    given = {name: each for name, each in data.items() if name != "kind" or "kind" in hints}
    return kind(**{name: _decode(hints[name], each) for name, each in given.items()})


def _error(data: Any) -> PreflightError:
    kind, values = _ERRORS[data["error"]], data["values"]
    made = kind.__new__(kind, *data["args"])
    _require(all(isinstance(each, str | int) for each in data["args"]))
    for name, each in values.items():
        value = _decode(Defect, each) if name == "defect" else each
        _require(not isinstance(value, list | dict) and not name.startswith("__"))
        setattr(made, name, value)
    return made


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _require(holds: object) -> None:
    if not holds:
        raise ValueError("another type")
