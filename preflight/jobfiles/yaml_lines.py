"""What is wrong with one line of YAML, judged by its characters: the mistakes that people make by hand."""

from __future__ import annotations

import re

from preflight.jobfiles.scalars import shown_word
from preflight.jobfiles.text_lines import Line
from preflight.model.frozen import frozen
from preflight.redact.suggestion import CURLY_QUOTES

_LINE_MARKS = (
    (
        re.compile(r"<{7}(?: |$)|={7}$|>{7}(?: |$)"),
        "a mark of a Git merge conflict: resolve the conflict, and remove its three marks",
    ),
    (re.compile("```"), "a mark of a Markdown code block: remove the lines that begin with ```"),
    (re.compile(r"//|/\*"), "a comment in YAML begins with '#': write '#' here"),
)
_CHARACTERS = (
    (
        re.compile("\ufeff"),
        "a byte order mark ({name}), which may only be the first character of a file: remove it",
    ),
    (re.compile("[\uff1a\ufe55\ua789]"), "a colon of another kind ({name}); YAML takes ':' and a space: write ': '"),
    (re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u3000]"), "a space of another kind ({name}): write a plain space"),
    (re.compile("[\x85\u2028\u2029]"), "a line break of another kind ({name}): write a plain line break"),
)
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{|(?<=[\s\[,:])%\w+%")
_ITEMS = re.compile(r"(?:- +)*")
_ITEM_WITHOUT_SPACE = re.compile(r"-[^\s-]")
_COLON_WITHOUT_SPACE = re.compile(r"""(["']?)([\w.-]+)\1:(?!//)(?=\S)""")
_EQUALS = re.compile(r"([\w.-]+)\s*=")
_WORD = re.compile(r"([\w.-]+)(?=\s|$)")
_FIELD = re.compile(r"[^:#\s][^:#]*:\s+(?=\S)(?![|>]|#)")
_CURLY = re.compile(rf"(?:[:\[,-]\s*|^)([{CURLY_QUOTES}])")
_QUOTES = "put the value in quotes"


@frozen
class Mistake:
    """An index in the text, and the words about it: what was found, what is allowed, what to do."""

    at: int
    words: str


def alien_mark(line: Line) -> Mistake | None:
    """A mark in ``line`` that comes from another program or another language than YAML."""
    start, string = line.start, line.string
    for mark, words in _LINE_MARKS:
        if mark.match(line.body):
            return Mistake(at=line.first, words=words)
    if found := _TEMPLATE.search(string):
        words = "a placeholder of a template: fill in the template first, or put the value in quotes"
        return Mistake(at=start + found.start(), words=words)
    for mark, words in _CHARACTERS:
        if (found := mark.search(string)) and not _is_in_value(string, found.start()):
            return Mistake(at=start + found.start(), words=words.format(name=f"U+{ord(found.group()):04X}"))
    if found := _CURLY.search(string):
        words = f"a curly quote ({found[1]}), which does not quote in YAML: write \" or ' around the value"
        return Mistake(at=start + found.start(1), words=words)
    return None


def not_a_field(line: Line) -> Mistake:
    """What is wrong with a line that gives neither a field nor an item."""
    items = _ITEMS.match(line.body)
    body = line.body[items.end() :] if items else line.body
    index = line.first + len(line.body) - len(body)
    if _ITEM_WITHOUT_SPACE.match(body):
        return Mistake(at=index, words="no space after '-'; an item of a list begins with '- ': write the space")
    if found := _COLON_WITHOUT_SPACE.match(body):
        return Mistake(at=index + found.end(), words=f"no space after the colon of {_name(found[2])}: write the space")
    if found := _EQUALS.match(body):
        return Mistake(
            at=index + found.end() - 1, words=f"'=' after {_name(found[1])}; YAML takes ':' and a space: write ': '"
        )
    if found := _WORD.match(body):
        return Mistake(
            at=index + found.end(), words=f"no colon after {_name(found[1])}; a field is 'name: value': write ': '"
        )
    return Mistake(at=index, words="a line that is neither a field ('name: value') nor an item of a list ('- value')")


def colon_in_value(line: Line, colon: int) -> Mistake | None:
    """The mistake of the colon at the index ``colon`` of the text, if the value of a field holds it."""
    before = line.string[: colon - line.start]
    body = _ITEMS.sub("", before.lstrip(), count=1)
    if not _FIELD.match(body):
        return None
    return Mistake(at=colon, words=f"': ' within the value of a field, where it would begin another field: {_QUOTES}")


def deeper(line: Line, above: Line) -> Mistake | None:
    """The mistake of a line that is indented below a field which has a value already."""
    if line.indent <= above.indent or not _FIELD.match(_ITEMS.sub("", above.body, count=1)):
        return None
    words = (
        f"this line is indented by {spaces(line.indent)}, below a field that has a value already: "
        f"indent it by {spaces(above.indent)}, as the line above"
    )
    return Mistake(at=line.first, words=words)


def spaces(count: int) -> str:
    """So many spaces, in words."""
    return "1 space" if count == 1 else f"{count} spaces"


def _name(word: str) -> str:
    return shown_word("", word)


def _is_in_value(string: str, index: int) -> bool:
    """Whether quotes are open before ``string[index]``, or a field's value has begun: any character may be there."""
    before = string[:index]
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1 or _FIELD.match(before.lstrip()) is not None
