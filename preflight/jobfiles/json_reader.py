"""Reads JSON (RFC 8259) with the place of every value.

Strings, numbers and words are decoded by ``json``; the brackets around them are walked here, without recursion.
Libyaml cannot read JSON: it refuses tabs, surrogate pairs and keys of more than 1024 characters, and takes
comments and trailing commas that the service would not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from preflight.errors import JobUnreadable
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.json_rows import JsonRows
from preflight.jobfiles.row_ids import EarlierRows
from preflight.jobfiles.scalars import decimal, integer
from preflight.jobfiles.source_text import Lines, Text
from preflight.jobfiles.tree import Node, TreeBuilder, unfold
from preflight.model import Job

_SPACE = re.compile(r"[ \t\n\r]*")
_FIRST_OF_SCALAR = frozenset('"-0123456789tfn')
_CLOSERS = {"{": "}", "[": "]"}


def read_json(text: Text, *, in_lines: bool = False) -> Node | None:
    """The tree of a JSON document, ``None`` for one without a value. ``in_lines`` is for a line of JSON Lines.

    Raises ``JobUnreadable`` for text that is not JSON, breaks a limit, or could not be written as JSON again.
    """
    return _Reader(text, in_lines=in_lines).read()


def _no_constant(word: str) -> float:
    raise ValueError(f"not JSON: expected a value, found {word}: write a number, or null")


DECODER = json.JSONDecoder(parse_int=integer, parse_float=decimal, parse_constant=_no_constant)
"""Decodes JSON as it is read here, but for the limits."""


class _Reader:
    def __init__(self, text: Text, *, in_lines: bool) -> None:
        self._text = text
        self._in_lines = in_lines
        self._string = text.string
        self._at = 0
        self._build = TreeBuilder(text)
        self._closers: list[str] = []
        self._openers: list[int] = []
        self._first = True

    def read(self) -> Node | None:
        if not self._peek():
            return None
        self._value()
        while self._closers:
            self._step()
        if self._peek():
            raise self._mistake("the end")
        return self._build.root

    def _step(self) -> None:
        """One item or pair of the innermost list or object, or its end."""
        closer = self._closers[-1]
        if self._peek() == closer:
            self._closers.pop()
            self._openers.pop()
            self._first = False
            self._at += 1
            self._build.close()
            return
        if not self._first:
            self._take(",", f"',' or '{closer}'")
            if self._peek() == closer:
                raise self._error(f"not JSON: JSON allows no comma before '{closer}': remove the comma")
        if closer == "}":
            if self._peek() != '"':
                raise self._mistake("a key in double quotes")
            self._scalar()
            self._take(":", "':'")
        self._value()

    def _value(self) -> None:
        char = self._peek()
        self._first = char in _CLOSERS
        if self._first:
            self._build.open(self._at, mapping=char == "{")
            self._closers.append(_CLOSERS[char])
            self._openers.append(self._at)
            self._at += 1
        elif char in _FIRST_OF_SCALAR:
            self._scalar()
        else:
            raise self._mistake("a value")

    def _scalar(self) -> None:
        start = self._at
        try:
            value, self._at = DECODER.raw_decode(self._string, start)
        except json.JSONDecodeError as exc:
            from preflight.jobfiles.json_mistakes import broken_scalar  # only for a mistake

            message = f"not JSON: {broken_scalar(self._string, exc)}"
            raise self._text.unreadable(message, self._text.place(exc.pos)) from exc
        except ValueError as exc:
            raise self._text.unreadable(str(exc), self._text.place(start)) from exc
        self._build.leaf(start, value, written=value if isinstance(value, str) else "")

    def _peek(self) -> str:
        """The next character that is not space, empty at the end; ``_at`` is then its index."""
        space = _SPACE.match(self._string, self._at)
        self._at = space.end() if space else self._at
        return self._string[self._at : self._at + 1]

    def _take(self, char: str, wanted: str) -> None:
        if self._peek() != char:
            raise self._mistake(wanted)
        self._at += 1

    def _mistake(self, wanted: str) -> JobUnreadable:
        """The error for the character here, where the text needs ``wanted``."""
        from preflight.jobfiles.json_mistakes import Unexpected, describe  # only for a mistake

        self._peek()
        here = Unexpected(
            string=self._string,
            at=self._at,
            wanted=wanted,
            closer=self._closers[-1] if self._closers else "",
            opener=self._text.place(self._openers[-1]) if self._openers else None,
            in_lines=self._in_lines,
        )
        return self._error(f"not JSON: {describe(here)}")

    def _error(self, message: str) -> JobUnreadable:
        return self._text.unreadable(message, self._text.place(self._at))


def read_json_lines(
    lines: Lines, *, models: TableModels, ids: EarlierRows, columns: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Job | JobUnreadable]:
    """The jobs of ``lines``, in place of an unreadable one its error. Blank lines are skipped.

    A line is a request body with ``id`` and keys of the author's own beside it, or a row of a table: an object without
    ``input`` that has a column for media, or any object where ``columns`` names columns. ``models`` are those of rows,
    ``ids`` knows the earlier rows of their ids.
    """
    reader = JsonRows(models=models, columns=columns, ids=ids)
    while True:
        try:
            line = next(lines)
            if line.strip():
                yield read_json_line(Text(line.rstrip("\r\n"), path=lines.path, first_line=lines.number), reader)
        except StopIteration:
            return
        except JobUnreadable as exc:
            yield exc


def read_json_line(text: Text, reader: JsonRows) -> Job:
    """The job of one line. Raises ``JobUnreadable``."""
    text.require_characters()
    return reader.read(unfold(read_json(text, in_lines=True), text), text)
