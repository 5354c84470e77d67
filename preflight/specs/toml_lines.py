"""The lines of keys in a TOML text: ``tomllib`` keeps no places. Runs only for a message about a fault."""

from __future__ import annotations

import re
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
"""Keys from the top; of an array of tables also the index of the table."""

_PART = r"[\w-]+|\"[^\"\n]*\"|'[^'\n]*'"
_NAME = re.compile(rf"\s*((?:{_PART})(?:\s*\.\s*(?:{_PART}))*)\s*")
_SKIPPED = re.compile(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]|\n')


def line_of(text: str, path: KeyPath) -> int | None:
    """The line of the innermost key of ``path`` that stands in ``text``."""
    lines = _lines(text)
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def _lines(text: str) -> Mapping[KeyPath, int]:
    lines: dict[KeyPath, int] = {}
    tables: dict[KeyPath, int] = {}
    around: KeyPath = ()
    at, number = 0, 1
    while at < len(text):
        start, found = at, None
        is_array = text.startswith("[[", at + len(_blank(text, at)))
        opening = len(_blank(text, at)) + (2 if is_array else 1)
        if text[at + len(_blank(text, at)) : at + opening].startswith("["):
            if found := _NAME.match(text, at + opening):
                around = _indexed(_parts(found[1]), tables, is_array=is_array)
                lines.setdefault(around, number)
                if is_array:
                    lines.setdefault(around[:-1], number)
            at = _end_of_line(text, at)
        elif found := _NAME.match(text, at):
            lines.setdefault(around + _parts(found[1]), number)
            at = _end_of_value(text, found.end())
        else:
            at = _end_of_line(text, at)
        number += text.count("\n", start, at)
    return lines


def _blank(text: str, at: int) -> str:
    end = at
    while end < len(text) and text[end] in " \t":
        end += 1
    return text[at:end]


def _indexed(parts: KeyPath, tables: dict[KeyPath, int], *, is_array: bool) -> KeyPath:
    """The path of a header: below an array of tables it means the last of its tables."""
    path: KeyPath = ()
    for part in parts[:-1]:
        path += (part,)
        if path in tables:
            path += (tables[path],)
    path += parts[-1:]
    if is_array:
        tables[path] = tables.get(path, -1) + 1
        return (*path, tables[path])
    return path


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _end_of_value(text: str, at: int) -> int:
    """Behind the line on which a value ends, which may be a list or a text of several lines."""
    depth = 0
    for token in _SKIPPED.finditer(text, at):
        match token[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth <= 0:
                return token.end()
    return len(text)
