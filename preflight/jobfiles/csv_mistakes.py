"""Says what is wrong with the quotes of a row of CSV, and where."""

from __future__ import annotations

import csv
import re

_BEHIND_CELL = re.compile(r"[\r\n]|\Z")


def find_quote(row: str, delimiter: str, error: csv.Error) -> tuple[int, str]:
    """The index in ``row`` of the mistake behind an ``error`` of Python's reader, and the words about it."""
    plain = re.compile(rf"[^{delimiter}\r\n]*")
    quoted = re.compile(r'"[^"]*(?:""[^"]*)*"')
    at = 0
    while at < len(row):
        if row[at] == '"':
            cell = quoted.match(row, at)
            if cell is None:
                return at, 'the text that begins here with " has no end: write " after it, and "" within it'
            at = cell.end()
            if row[at : at + 1] != delimiter and not _BEHIND_CELL.match(row, at):
                return at, 'text after the closing ": remove the text, or write "" for a " within the value'
        elif cell := plain.match(row, at):
            at = cell.end()
        at += 1
    if "field larger" in str(error):
        return 0, f"a value of more than {csv.field_size_limit()} characters: shorten it"
    return 0, "this row cannot be read: check its quotes"
