"""Says what is wrong with the quotes of a row of CSV, and where."""

from __future__ import annotations

import csv
import re

from preflight.jobfiles import limits

_BEHIND_CELL = re.compile(r"[\r\n]|\Z")


def find_quote(row: str, delimiter: str, *, has_end: bool, is_all: bool) -> tuple[int, str]:
    """The index in ``row`` of the mistake that Python's reader cannot get over, and the words about it.

    ``row`` may be the beginning of a long one: ``has_end`` tells whether its last text in quotes ends further on, and
    ``is_all`` whether the file was read as far as that takes.
    """
    longest = csv.field_size_limit()
    plain = re.compile(rf"[^{delimiter}\r\n]*")
    quoted = re.compile(r'"[^"]*(?:""[^"]*)*"(?!")')
    at = 0
    while at < len(row):
        start = at
        if row[at] == '"':
            cell = quoted.match(row, at)
            if cell is None and not has_end:
                within, also = ("", "") if is_all else (f" within {limits.LINE_CHARS} characters", ", or shorten it")
                return at, (
                    f'the text that begins here with " has no end{within}: write " after it, and "" within it{also}'
                )
            at = cell.end() if cell is not None else len(row)
            if row[at : at + 1] != delimiter and not _BEHIND_CELL.match(row, at):
                return at, 'text after the closing ": remove the text, or write "" for a " within the value'
        elif cell := plain.match(row, at):
            at = cell.end()
        if at - start > longest:
            return start, f"a value of more than {longest} characters: shorten it"
        at += 1
    return 0, "this row cannot be read: check its quotes"
