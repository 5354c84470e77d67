"""The lines of a CSV table on their way to Python's reader, and what comes of a row that it cannot read."""

from __future__ import annotations

import csv
import re
from itertools import chain

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.source_text import Lines, Text

_OVER = f"a row of more than {limits.TABLE_ROW_CHARS} characters: this is not a job"
_BEHIND_CELL = re.compile(r"[\r\n]|\Z")
_REST_OF_QUOTED = re.compile(r'[^"]*(?:""[^"]*)*"(?!")')


class Feed:
    """Hands lines to ``csv.reader`` and keeps those of the row that it is reading."""

    def __init__(self, first: str, rest: Lines) -> None:
        self._lines = chain([first], rest)
        self._rest = rest
        self._taken: list[str] = []
        self._chars = 0
        self._is_over = False
        self._first_line = rest.number
        self.goes_on = True
        """Whether rows can be told apart behind a broken one."""

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if not self._taken:
            self._first_line = self._rest.number
        self._taken.append(line)
        self._chars += len(line)
        if self._chars > limits.TABLE_ROW_CHARS:
            self._is_over = True
            raise self._unreadable(_OVER)
        return line

    def take(self) -> Text:
        """The text of the row that was read; the next line begins another."""
        taken = self._taken
        text = Text(taken[0] if len(taken) == 1 else "".join(taken), path=self._rest.path, first_line=self._first_line)
        taken.clear()
        self._chars = 0
        return text

    def broken(self, error: csv.Error | JobUnreadable, delimiter: str) -> JobUnreadable:
        """The error in place of the row that was being read. Its quotes decide whether the next line begins another.

        A row that is only too long is read to its end, if that is near.
        """
        text = Text("".join(self._taken), path=self._rest.path, first_line=self._first_line)
        has_end = is_all = True
        if self._is_over or (isinstance(error, csv.Error) and "field larger" in str(error)):
            within, is_all = self._read_to_end(delimiter, within=is_within(text.string, delimiter))
            has_end = self.goes_on = within is False
        elif isinstance(error, JobUnreadable):
            self.goes_on = not self._taken  # else a line within a value cannot be read
        else:
            has_end = is_within(text.string, delimiter, is_lenient=True) is False
            is_even = text.string.count('"') % 2 == 0
            self.goes_on = len(self._taken) <= 1 and is_even and has_end
        self.goes_on = self.goes_on and not self._rest.has_ended
        if self._is_over:
            found = self._unreadable(_OVER if self.goes_on else f"{_OVER}, and the rows behind are not read")
        elif isinstance(error, JobUnreadable):
            found = error
        else:
            index, words = find_quote(text.string, delimiter, has_end=has_end, is_all=is_all)
            more = "" if self.goes_on else ", and not read further"
            found = text.unreadable(f"not CSV{more}: {words}", text.place(index))
        self._taken.clear()
        self._chars, self._is_over = 0, False
        return found

    def _read_to_end(self, delimiter: str, *, within: bool | None) -> tuple[bool | None, bool]:
        """Read on to the end of a row whose last line ends ``within`` quotes, as ``is_within`` tells.

        Returns what that tells of the row's end, and whether the file was read as far as that takes. The lines are not
        kept.
        """
        chars = self._chars
        while within:
            if chars > limits.LINE_CHARS:
                return within, False
            try:
                line = next(self._lines)
            except StopIteration:
                return within, True
            except JobUnreadable:
                return within, False
            chars += len(line)
            within = is_within(line, delimiter, begins_within=True)
        return within, True

    def _unreadable(self, message: str) -> JobUnreadable:
        return JobUnreadable(message, path=self._rest.path, line=self._first_line, column=1)


def is_within(text: str, delimiter: str, *, begins_within: bool = False, is_lenient: bool = False) -> bool | None:
    """Whether lines of a table end within a value in quotes; ``begins_within``: their first one begins within one.

    A quote opens a value only where it begins, as Python's reader takes it. ``None`` where text follows a closing
    quote, so that nothing behind it can be told; ``is_lenient`` takes such text for a part of its value.
    """
    plain = re.compile(rf"[^{delimiter}\r\n]*+")
    at, is_open = 0, begins_within
    while at < len(text):
        if is_open or text[at] == '"':
            rest = _REST_OF_QUOTED.match(text, at if is_open else at + 1)
            if rest is None:
                return True
            at, is_open = rest.end(), False
            if text[at : at + 1] != delimiter and not _BEHIND_CELL.match(text, at) and not is_lenient:
                return None
        if found := plain.match(text, at):
            at = found.end()
        at += 1
    return is_open


def find_quote(row: str, delimiter: str, *, has_end: bool, is_all: bool) -> tuple[int, str]:
    """The index in ``row`` of the mistake that Python's reader cannot get over, and the words about it.

    ``row`` may be the beginning of a long one: ``has_end`` tells whether its last text in quotes ends further on, and
    ``is_all`` whether the file was read as far as that takes.
    """
    longest = csv.field_size_limit()
    plain = re.compile(rf"[^{delimiter}\r\n]*")
    at = 0
    while at < len(row):
        start = at
        if row[at] == '"':
            cell = _REST_OF_QUOTED.match(row, at + 1)
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
