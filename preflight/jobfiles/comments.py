"""Comments for preflight in a YAML job: ``# preflight: ignore[RULE, RULE]``.

Behind a field, or on a line of its own above it, it holds for that field and everything in it. JSON, JSON Lines and CSV
have no comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from preflight.jobfiles import limits
from preflight.jobfiles.source_text import Text
from preflight.model import IgnoreComment

MARK = "preflight:"
_COMMENT = re.compile(r"(?<!\S)#[ \t]*preflight:[ \t]*")
_IGNORE = re.compile(r"ignore[ \t]*\[([^\]\n\r]*)\]")
_BREAK = re.compile(r"\r\n|\n|\r")


def read_comments(text: Text, scalars: Sequence[tuple[int, int]]) -> tuple[IgnoreComment, ...]:
    """The comments of a YAML document. ``scalars`` are the spans of its values: text inside one is not a comment.

    A comment that speaks to preflight and cannot be read, for instance because it names no rule, is one without rules.
    """
    return tuple(_comment(text, mark) for mark in islice(_marks(text.string, scalars), limits.COMMENTS))


def _marks(string: str, scalars: Sequence[tuple[int, int]]) -> Iterator[re.Match[str]]:
    at = 0
    for mark in _COMMENT.finditer(string):
        while at < len(scalars) and scalars[at][1] <= mark.start():
            at += 1
        if at == len(scalars) or scalars[at][0] > mark.start():
            yield mark


def _comment(text: Text, mark: re.Match[str]) -> IgnoreComment:
    string = text.string
    said = _IGNORE.match(string, mark.end())
    rules = tuple(name.strip() for name in said[1].split(",") if name.strip()) if said else ()
    place = text.place(mark.start())
    start = mark.start() - place.column + 1
    is_alone = not string[start : mark.start()].strip()
    below = _lines(string, start)
    first, field = next(
        (each for each in below if not is_alone or not _is_blank(each[1])), (0, string[start : mark.start()])
    )
    last = max((number for number, _ in _inner(field, below)), default=first)
    return IgnoreComment(line=place.line, first=place.line + first, last=place.line + last, rules=rules)


def _lines(string: str, start: int) -> Iterator[tuple[int, str]]:
    """The lines from ``start`` on, counted from 0, as many as are looked at."""
    for number in range(limits.COMMENT_LINES):
        found = _BREAK.search(string, start)
        yield number, string[start : found.start() if found else None]
        if found is None:
            return
        start = found.end()


def _inner(field: str, below: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines below ``field`` that belong to it: lines indented further, and a list's items under its key."""
    indent, is_item = _indent(field), field.lstrip().startswith("- ")
    for number, line in below:
        if _is_blank(line):
            continue
        is_own_item = _indent(line) == indent and not is_item and line.lstrip().startswith("- ")
        if _indent(line) <= indent and not is_own_item:
            return
        yield number, line


def _is_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
