"""Says what a YAML parser could not read, in the words of people who write job files.

PyYAML has two parsers, libyaml's and its own, with different words for one error. The kind of an error is taken
from the words that both share, and the mistake from the characters around its two marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from preflight.jobfiles.text_lines import Line, filled_line_before, line_at
from preflight.jobfiles.yaml_lines import Mistake, alien_mark, colon_in_value, deeper, not_a_field, spaces
from preflight.model.frozen import frozen

_COMMENT = re.compile(r"(?<=[\s\[{,])#")
_CLOSERS: Final = {"[": "]", "{": "}"}
_QUOTE_WITHIN: Final = {'"': '\\"', "'": "''"}
_QUOTES: Final = "put the value in quotes"
_LONGEST = 10_000
"""Characters of a list or mapping in brackets that are searched for the mistake in it."""


@frozen
class _Error:
    """An error of a parser: its words, the index of its place, and where the part began that it was reading."""

    string: str
    words: str
    at: int
    began: int

    @property
    def line(self) -> Line:
        return line_at(self.string, self.at)

    @property
    def char(self) -> str:
        """The character at the place, empty at the end."""
        return self.string[self.at : self.at + 1]

    @property
    def before(self) -> str:
        """The line up to the place, without the spaces at its end."""
        line = self.line
        return line.string[: self.at - line.start].rstrip()


def find_mistake(string: str, words: str, *, at: int, began: int | None = None) -> Mistake:
    """The mistake behind an error of a YAML parser, which says ``words`` of ``string[at]``.

    ``began`` is where the part began that the parser was reading. No value of the text is repeated.
    """
    error = _Error(string=string, words=words, at=at, began=at if began is None else began)
    if error.char == "\t":
        return _tab(error)
    for kind, explain in _KINDS:
        if kind.search(words):
            return explain(error)
    return _nothing_known(error)


def _tab(error: _Error) -> Mistake:
    if not error.before:
        return Mistake(at=error.at, words="a tab cannot indent YAML: indent with spaces")
    return Mistake(at=error.at, words="a tab where YAML takes only spaces: write a space")


def _quoted(error: _Error) -> Mistake:
    if "end of stream" in error.words or "document" in error.words:
        return _open_quote(error.began, error.string[error.began : error.began + 1])
    words = "an escape that YAML does not know in double quotes: write \\\\ for a backslash, or use single quotes"
    return Mistake(at=error.at, words=words)


def _open_quote(index: int, mark: str) -> Mistake:
    within = _QUOTE_WITHIN.get(mark, mark)
    words = f"the text that begins here with {mark} has no end: write {mark} after it, and {within} within it"
    return Mistake(at=index, words=words)


def _name_of_value(error: _Error) -> Mistake:
    start = error.string.rfind("*" if "alias" in error.words else "&", 0, error.at + 1)
    mark = error.string[start] if start >= 0 else "*"
    meaning = "repeats a value with a name" if mark == "*" else "gives a value a name"
    return _in_alien_line(error) or Mistake(
        at=max(start, 0), words=f"'{mark}' {meaning} in YAML, and no name follows it: {_QUOTES}"
    )


def _tag(error: _Error) -> Mistake:
    what = "an undefined tag handle" if "handle" in error.words else "a tag that cannot be read"
    return Mistake(at=error.at, words=f"{what}; '!' begins a tag in YAML: {_QUOTES}")


def _block_text(error: _Error) -> Mistake:
    words = (
        "text right behind '|' or '>', after which YAML takes only the lines below: "
        "put the text on the next line, indented, or put the value in quotes"
    )
    return Mistake(at=error.at, words=words)


def _directive(error: _Error) -> Mistake:
    if "incompatible" in error.words or "version" in error.words:
        return Mistake(
            at=error.at, words="an incompatible %YAML line; preflight reads YAML 1.1 and 1.2: remove the line"
        )
    words = "a line that begins with '%', which YAML takes for an instruction to the reader: remove the line"
    return _in_alien_line(error) or Mistake(at=error.line.start, words=words)


def _no_start(error: _Error) -> Mistake:
    return _in_alien_line(error) or Mistake(at=error.at, words=f"a value cannot begin with '{error.char}': {_QUOTES}")


def _item_after_key(error: _Error) -> Mistake:
    words = "an item of a list on the line of its key: put it on the next line, as in '- value'"
    return _in_alien_line(error) or Mistake(at=error.at, words=words)


def _extra_colon(error: _Error) -> Mistake:
    line = error.line
    above = filled_line_before(error.string, line)
    if found := _in_alien_line(error):
        return found
    if found := colon_in_value(line, error.at):
        return found
    if above is not None:
        return alien_mark(above) or deeper(line, above) or not_a_field(above)
    return _nothing_known(error)


def _no_colon(error: _Error) -> Mistake:
    line = line_at(error.string, error.began)
    return alien_mark(line) or not_a_field(line)


def _in_brackets(error: _Error) -> Mistake:
    string, began, at = error.string, error.began, error.at
    opener = string[began : began + 1]
    inside = string[began : min(at, began + _LONGEST)]
    closer = _CLOSERS.get(opener)
    if found := alien_mark(line_at(string, began)):
        return found
    if closer is None:
        return _no_item(error)
    first = line_at(string, began)
    if at > first.start + len(first.string):  # it goes on below
        if comment := _COMMENT.search(string, began, first.start + len(first.string)):
            words = f"'#' begins a comment here, which hides '{closer}': put a value that holds '#' in quotes"
            return Mistake(at=comment.start(), words=words)
        for mark in "\"'":
            quote = first.string.find(mark, began - first.start)
            if first.string.count(mark, began - first.start) % 2:
                return _open_quote(first.start + quote, mark)
        return Mistake(at=began, words=f"'{opener}' has no '{closer}': write '{closer}' after the last item")
    if error.char and error.char in "]}":
        return Mistake(at=at, words=f"'{error.char}' after '{opener}', which ends with '{closer}': write '{closer}'")
    if inside.rstrip().endswith(('"', "'")):
        return _after_quote(error)
    return Mistake(at=at, words="no comma between two items of a list or mapping in brackets: write ',' between them")


def _no_item(error: _Error) -> Mistake:
    if error.char == ",":
        return Mistake(at=error.at, words="no item before this comma: remove the comma")
    if found := _in_alien_line(error):
        return found
    if not error.char:
        return Mistake(at=error.at, words="the file ends where a value belongs: write the value")
    return Mistake(at=error.at, words=f"a value cannot begin with '{error.char}': {_QUOTES}")


def _after_quote(error: _Error) -> Mistake:
    mark, line = error.before[-1], error.line
    if error.before.count(mark) % 2:  # it closes a text that began further up
        above = filled_line_before(error.string, line)
        while above is not None and above.string.count(mark) % 2 == 0:
            above = filled_line_before(error.string, above)
        if above is not None:
            return _open_quote(above.start + above.string.find(mark), mark)
    within = _QUOTE_WITHIN[mark]
    words = f"text after the closing {mark}: remove the text, or write {within} for a {mark} within the value"
    return Mistake(at=error.at, words=words)


def _no_key(error: _Error) -> Mistake:
    line, before = error.line, error.before
    above = filled_line_before(error.string, line)
    if found := _in_alien_line(error) or (alien_mark(above) if above else None):
        return found
    if before.endswith(("'", '"')):
        return _after_quote(error)
    if before.endswith(("]", "}")):
        words = f"text after the closing '{before[-1]}': remove the text, or put the whole value in quotes"
        return Mistake(at=error.at, words=words)
    if before:
        return _nothing_known(error)
    if error.char == ":":
        return Mistake(at=error.at, words="no name before this colon: write the name of the field")
    if error.string.startswith("- ", error.at):
        words = "an item of a list, where the field above has no list: put all its items below it, each as '- value'"
        return Mistake(at=error.at, words=words)
    return _indented(error, above)


def _no_dash(error: _Error) -> Mistake:
    if found := _in_alien_line(error):
        return found
    words = "a field among the items of a list: begin the line with '- ', or take '- ' off the lines above"
    return Mistake(at=error.at, words=words)


def _no_document(error: _Error) -> Mistake:
    above = filled_line_before(error.string, error.line)
    if found := _in_alien_line(error):
        return found
    if above is not None and above.body == "...":
        return Mistake(at=above.first, words="'...' ends the job, and text follows it: remove '...' or the text")
    if error.before:
        return Mistake(at=error.at, words="text after the end of the job: remove the text")
    return _indented(error, above)


def _indented(error: _Error, above: Line | None) -> Mistake:
    own = error.line.indent
    if above is None or above.indent == own:
        words = (
            f"this line is indented by {spaces(own)}, which fits no line above: indent it as a field of its own level"
        )
    else:
        words = (
            f"this line is indented by {spaces(own)}, the line above by {spaces(above.indent)}: "
            "indent the fields of one level by the same number of spaces"
        )
    return Mistake(at=error.at, words=words)


def _nothing_known(error: _Error) -> Mistake:
    if error.char and error.char in ",]}":
        return _no_item(error)
    words = "this does not fit here: check the indentation, the colons and the quotes of this line and the one above"
    return _in_alien_line(error) or Mistake(at=error.at, words=words)


def _in_alien_line(error: _Error) -> Mistake | None:
    return alien_mark(error.line)


_KINDS: tuple[tuple[re.Pattern[str], Callable[[_Error], Mistake]], ...] = (
    (re.compile("quoted scalar|escape|double-quoted"), _quoted),
    (re.compile("scanning an (?:alias|anchor)"), _name_of_value),
    (re.compile("block scalar"), _block_text),
    (re.compile("directive|incompatible"), _directive),
    (re.compile("a tag|tag handle"), _tag),
    (re.compile("cannot start any token"), _no_start),
    (re.compile("sequence entries are not allowed"), _item_after_key),
    (re.compile("mapping (?:values|keys) are not allowed"), _extra_colon),
    (re.compile("scanning a simple key|could not find expected ':'"), _no_colon),
    (re.compile("flow node|the node content"), _no_item),
    (re.compile("flow (?:sequence|mapping)"), _in_brackets),
    (re.compile("block mapping"), _no_key),
    (re.compile("block (?:collection|sequence)"), _no_dash),
    (re.compile("document start"), _no_document),
)
"""What both parsers say, the more particular first, and what explains it."""
