"""The lines around a mistake in a text, for the words about it."""

from __future__ import annotations

import re

from preflight.model.frozen import frozen

_LONGEST = 2000
_TO_LINE_END = re.compile(rf"[^\r\n]{{0,{_LONGEST}}}")
_MOST_BLANK = 100


@frozen
class Line:
    """One line: where it starts in its text, and its characters without the line end, at most ``_LONGEST``."""

    start: int
    string: str

    @property
    def indent(self) -> int:
        """The spaces, tabs and the like before the first other character."""
        return len(self.string) - len(self.string.lstrip())

    @property
    def first(self) -> int:
        """The index in the text of the first character that is not white."""
        return self.start + self.indent

    @property
    def body(self) -> str:
        """The line without the white characters around it."""
        return self.string.strip()


def line_at(string: str, index: int) -> Line:
    """The line of ``string[index]``; the last one, where ``index`` is the end."""
    start = 1 + max(string.rfind("\n", 0, index), string.rfind("\r", 0, index))
    found = _TO_LINE_END.match(string, start)
    return Line(start=start, string=found.group() if found else "")


def filled_line_before(string: str, line: Line) -> Line | None:
    """The nearest line above ``line`` that has more than white characters and a comment."""
    for _ in range(_MOST_BLANK):
        if line.start == 0:
            return None
        end = line.start - 1
        if string[end - 1 : end + 1] == "\r\n":
            end -= 1
        line = line_at(string, end)
        if line.body and not line.body.startswith("#"):
            return line
    return None
