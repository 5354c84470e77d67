"""Writes JSON documents: whole, or one a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def to_json(value: Mapping[str, Any]) -> str:
    """An indented JSON document. ASCII only: it survives every terminal and every pipe."""
    return _dumped(value, indent=2) + "\n"


def to_json_lines(values: Iterable[Mapping[str, Any]]) -> str:
    """One JSON document a line."""
    return "".join(_dumped(value, indent=None) + "\n" for value in values)


def to_readable_json(value: Mapping[str, Any]) -> str:
    """The same for people: printable characters are not escaped."""
    import json

    return without_markers("".join(map(_escaped, json.dumps(value, indent=2, ensure_ascii=False)))) + "\n"


def without_markers(text: str) -> str:
    """The JSON document ``text`` without the marker of commands that build servers look for anywhere in a line."""
    return re.sub(r"##(?=\w*\[)", r"#\\u0023", text) if "##" in text else text


def _escaped(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _dumped(value: object, *, indent: int | None) -> str:
    """``value`` as JSON. Half a surrogate pair, as in a file name that is not UTF-8, becomes its escape in plain text:
    many readers refuse a whole document over one."""
    import json  # text formats do without

    text = json.dumps(value, indent=indent)
    return without_markers(json.dumps(_whole(value), indent=indent) if "\\ud" in text else text)


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
