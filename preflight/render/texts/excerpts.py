"""The line of a job file that a finding is about, with a mark under the value: bounded, printable, without secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from preflight.redact import hide, printable
from preflight.redact.by_value import MASK
from preflight.redact.encodable import encodable

LineOf: TypeAlias = Callable[[str, int], str]
"""The text of a line of a file, by the file's path and the line's number; empty where it cannot be read."""

_TAB = "    "
_MOST = 2000
"""Characters before and after the start of the value that are looked at; a terminal shows fewer."""
_BEFORE = 24
"""Columns of the text before the value that stay on a line that is too long."""
_QUOTED = re.compile(r"""'(?:[^']|'')*'?|"(?:\\.|[^"\\]|"")*"?""")
_BRACKETED = re.compile(r"\[[^\]]*\]?|\{[^}]*\}?")
_PLAIN = re.compile(r"(?:(?!\s#|,|\s*[\]}]).)+")
_CELLS = {delimiter: re.compile(rf"[^{delimiter}]+") for delimiter in (",", ";", "\t")}
_FIRST_CELL = re.compile(r"[^,;\t]+")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]{0,30}:[/\\]{2,}")
_QUERY = re.compile(r"[?#;]")
# A plain address ends where a value in a list does. A space does not end it: what comes after it may sign the URL, too.
_ENDS = {
    '"': re.compile(r'(?<!["\\])"(?!")'),
    "'": re.compile(r"(?<!')'(?!')"),
    "": re.compile(r",\s|\s#|[\]}]\s*(?:$|[,#\]}])|[|\t]"),
}
_CALLBACK = re.compile(r"""(callback\w*["']?\s*:\s*["']?[\w+.-]+:/{1,3}[^/\s"']*/)[^"',}\]]+""", re.IGNORECASE)
_PATH = re.compile(r"""(:/{1,3}[^/\s"']*/)[^"']+""")
"""The path of a callback URL, which may hold a secret."""


class Excerpt(NamedTuple):
    """A line as it is shown, and the columns of the terminal under which the value stands: ``[start, end)``."""

    text: str
    start: int
    end: int


def excerpt(
    line: str, column: int, columns: int, *, encoding: str = "utf-8", alone: bool = False, callback: bool = False
) -> Excerpt | None:
    """``line`` in at most ``columns`` of a terminal, around the value at ``column``, which counts characters from 1.

    Characters that ``encoding`` lacks are escaped, as they will be when they are written.

    ``alone`` shows the value without the rest of its line, as in a table: without quotes it ends at the delimiter. The
    value of a ``callback`` is shown up to its host.

    ``None`` where nothing stands at ``column``, or an address has begun before it, whose secrets may follow.
    """
    before, rest = line.rstrip("\r\n")[: column - 1], line.rstrip("\r\n")[column - 1 :][:_MOST]
    if not rest.strip() or _is_within_address(before):
        return None
    found = _QUOTED.match(rest) or _BRACKETED.match(rest) or (_cell(before, rest) if alone else _PLAIN.match(rest))
    value = (found[0].rstrip() if found else "") or rest[0]
    head = "" if alone else _shown(before) if len(before) <= _MOST else MASK
    tail = "" if alone else _shown(rest[len(value) :])
    shown = _PATH.sub(rf"\1{MASK}", _shown(value)) if callback else _shown(value)
    head, shown, tail = (encodable(part, encoding) for part in (head.lstrip(), shown, tail.rstrip()))
    return _fitted(head, shown, tail, max(columns, _BEFORE), encodable(MASK, encoding))


def _cell(before: str, rest: str) -> re.Match[str] | None:
    """The cell that ``rest`` begins: the character before it is the delimiter. In the first column any may be."""
    return _CELLS.get(before[-1:], _FIRST_CELL).match(rest)


def _is_within_address(before: str) -> bool:
    """Whether ``before`` ends within an address. A comma right before the value parts it from another one."""
    ends = [end for _, end in _addresses(before)]
    return bool(ends) and ends[-1] == len(before) and not before.endswith((",", ";"))


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where each address in ``text`` begins and ends, by its quotes or by the list around it."""
    end = 0
    for found in _ADDRESS.finditer(text):
        if found.start() >= end:
            quote = text[found.start() - 1 : found.start()]
            closing = _ENDS.get(quote, _ENDS[""]).search(text, found.end())
            end = closing.start() if closing else len(text)
            yield found.start(), end


def _shown(text: str) -> str:
    """``text`` in one line of printable characters, every address in it without its query."""
    parts, at = [], 0
    for start, end in _addresses(text):
        if query := _QUERY.search(text, start, end):
            parts += [text[at : query.start()], f"?{MASK}"]
            at = end
    whole = _CALLBACK.sub(rf"\1{MASK}", "".join([*parts, text[at:]]))
    return printable(hide(whole).replace("\t", _TAB))


def _fitted(before: str, value: str, after: str, columns: int, mask: str) -> Excerpt:
    """The parts in one line of at most ``columns``: of ``before`` its end is kept, of the others their beginning."""
    if cell_len(before) + cell_len(value) + cell_len(after) > columns:
        before = _end_of(before, max(_BEFORE, columns - cell_len(value) - cell_len(after)), columns, mask)
    start, text = cell_len(before), before + value + after
    if cell_len(text) > columns:
        text = set_cell_size(text, columns - len(mask)).rstrip().removesuffix(mask) + mask
    return Excerpt(text, start, max(start + 1, min(start + cell_len(value), cell_len(text))))


def _end_of(text: str, room: int, columns: int, mask: str) -> str:
    """The end of ``text`` that fits ``room``, at most half of ``columns``."""
    room = min(room, columns // 2)
    if cell_len(text) <= room:
        return text
    kept = text[-room:]
    while cell_len(kept) > room - len(mask):
        kept = kept[1:]
    return mask + kept
