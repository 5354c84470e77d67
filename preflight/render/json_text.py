"""JSON documents as they are written: whole, or one a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def to_json(value: Mapping[str, Any]) -> str:
    """An indented JSON document. ASCII only: it survives every terminal and every pipe."""
    return _dumped(value, indent=2) + "\n"


def to_json_lines(values: Iterable[Mapping[str, Any]]) -> str:
    """One JSON document a line."""
    return "".join(_dumped(value, indent=None) + "\n" for value in values)


def _dumped(value: object, *, indent: int | None) -> str:
    """``value`` as JSON. Half a surrogate pair, as in a file name that is not UTF-8, becomes its escape in plain text:
    many readers refuse a whole document over one."""
    text = json.dumps(value, indent=indent)
    return json.dumps(_whole(value), indent=indent) if "\\ud" in text else text


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case Mapping():
            return {_whole(key): _whole(each) for key, each in value.items()}
        case list():
            return [_whole(each) for each in value]
        case _:
            return value
