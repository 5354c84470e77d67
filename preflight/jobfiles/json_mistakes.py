"""Says what is not JSON in a text, in the words of people who write job files. No value of the text is repeated."""

from __future__ import annotations

import json
import re
from typing import Final

from preflight.jobfiles.scalars import shown_word
from preflight.model import Place
from preflight.model.frozen import frozen
from preflight.redact.suggestion import CURLY_QUOTES

END: Final = "the end"
KEY: Final = "a key in double quotes"
VALUE: Final = "a value"
_VALUES: Final = "a number, text in double quotes, true, false or null"
_REASONS: Final = {
    "Unterminated string": 'the text in double quotes is not closed: write " at its end',
    "Invalid control character": "a control character in a text: write \\n for a line break, \\t for a tab",
    "Invalid \\": "that is not an escape; a backslash is written \\\\, and a path may have / instead",
}
"""Messages about the text, by the first words of Python's decoder."""
_WORDS_OF_OTHERS: Final = {
    "none": "null", "undefined": "null", "nil": "null", "nan": "a number, or null", "infinity": "a number, or null",
    "inf": "a number, or null", "true": "true", "false": "false", "null": "null", "yes": "true", "no": "false",
}  # fmt: skip
"""Words of other languages, in lower case, and what JSON has for them."""
_WORD = re.compile(r"[^\W\d][\w.-]{0,60}")
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{|\$[A-Za-z_]|%\w+%")
_IN_NUMBER = re.compile(r"[\d.xXoObB_eE]")
_NUMBERS: Final = "JSON writes numbers as 10, 0.5 or -1e3: write the number so"


@frozen
class Unexpected:
    """The character ``string[at]``, or the end, where the text needs ``wanted``.

    ``closer`` is the bracket that the text has yet to close, and ``opener`` the place of its opening one; empty and
    ``None`` outside of brackets. ``in_lines`` says that the text is a line of JSON Lines.
    """

    string: str
    at: int
    wanted: str
    closer: str
    opener: Place | None
    in_lines: bool

    @property
    def found(self) -> str:
        """The character, empty at the end."""
        return self.string[self.at : self.at + 1]


def broken_scalar(string: str, error: json.JSONDecodeError) -> str:
    """The message about a number, a text or a word that Python's decoder could not read."""
    words = next((words for start, words in _REASONS.items() if error.msg.startswith(start)), None)
    return words or _word(string, error.pos) or f"expected {_VALUES}: write one of these"


def describe(here: Unexpected) -> str:
    """The message about ``here``: what was found, what is allowed, what to do."""
    if not here.found:
        return _too_early(here)
    tried = (_other_language(here), _other_quotes(here), _second(here), _bare_word(here), _number(here))
    found = next(filter(None, tried), None)
    if found is not None:
        return found
    shown = f"expected {here.wanted}, found {here.found!r}"
    if here.wanted == "':'":
        return f"{shown}: write ':' after the key"
    if here.found == ",":
        return f"{shown} with nothing before it: remove the comma"
    if here.wanted.startswith("','"):
        return f"{shown}: {_separated(here)}"
    return f"{shown}: {'write the value' if here.found in ']}:' else 'remove it'}"


def _other_language(here: Unexpected) -> str | None:
    string, at = here.string, here.at
    if here.found == "#" or string.startswith(("//", "/*"), at):
        otherwise = "" if here.in_lines else ", or write the job as YAML, with '#' (name the file .yaml)"
        return f"JSON has no comments: remove the comment{otherwise}"
    if _TEMPLATE.match(string, at) or (at and string.startswith("{{", at - 1)):
        return "a placeholder of a template: fill in the template first"
    return None


def _other_quotes(here: Unexpected) -> str | None:
    if here.found == "'":
        return f'expected {here.wanted}, found a single quote: write double quotes (")'
    if here.found in CURLY_QUOTES:
        return f'expected {here.wanted}, found a curly quote ({here.found}): write straight double quotes (")'
    return None


def _second(here: Unexpected) -> str | None:
    if here.wanted != END:
        return None
    if here.found in "]}":
        return f"{here.found!r} closes nothing: remove it"
    if here.found == ",":
        return "a comma after the end of the JSON: remove it"
    if here.in_lines:
        return "a second value begins here; JSON Lines holds one job a line: put it on a line of its own, or remove it"
    return "a second value begins here; a job file holds one: remove it, or name the file .jsonl, with one job a line"


def _bare_word(here: Unexpected) -> str | None:
    found = _WORD.match(here.string, here.at)
    if found is None:
        return None
    if here.at == 0:
        kind = "" if here.in_lines else "; this may be YAML: name the file .yaml, or write JSON"
        return f"expected '{{', found a word{kind or ': write one JSON object a line'}"
    if here.wanted == VALUE:
        return _word(here.string, here.at)
    return _without_quotes(KEY, found.group()) if here.wanted == KEY else None


def _word(string: str, at: int) -> str | None:
    """The message about a word that stands for a value, ``None`` where there is none."""
    found = _WORD.match(string, at)
    if found is None:
        return None
    meant = _WORDS_OF_OTHERS.get(found.group().lower())
    return (
        f"expected {VALUE}, found {found.group()}: write {meant}" if meant else _without_quotes(_VALUES, found.group())
    )


def _without_quotes(wanted: str, word: str) -> str:
    return f"expected {wanted}, found {shown_word('', word)} without quotes: write double quotes around it"


def _number(here: Unexpected) -> str | None:
    before = here.string[here.at - 1 : here.at]
    if here.wanted == VALUE and here.found in "+.":
        return f"expected {VALUE}, found {here.found!r}; {_NUMBERS}"
    if here.wanted.startswith("','") and before.isdigit() and _IN_NUMBER.match(here.found):
        return f"expected {here.wanted}, found {here.found!r} within a number; {_NUMBERS}"
    return None


def _separated(here: Unexpected) -> str:
    """What to do about a character behind a value, where a comma or a closing bracket belongs."""
    if here.found in "]}":
        return f"write {here.closer!r} before it"
    if here.found == '"' or here.found in "{[-" or here.found.isdigit():
        return "write ',' between two values"
    if here.string[: here.at].rstrip().endswith('"'):
        return 'write \\" for a quote within a text, or close the text before it with "'
    return "remove it, or write ','"


def _too_early(here: Unexpected) -> str:
    if here.opener is None:
        return "the text ends too early: write the value"
    opener = "{" if here.closer == "}" else "["
    if here.in_lines:
        return (
            f"the text ends too early, without the {here.closer!r} for the {opener!r} at column {here.opener.column}; "
            "JSON Lines holds a whole job in each line: write the job on one line"
        )
    where = f"line {here.opener.line}, column {here.opener.column}"
    return f"the text ends too early, without the {here.closer!r} for the {opener!r} at {where}: write {here.closer!r}"
