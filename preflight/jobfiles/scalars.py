"""The value of a plain YAML scalar: the core schema of YAML 1.2.2, §10.3.2.

Two departures, both to leave text as its author wrote it: an integer with a leading zero (``0777``), which
YAML 1.1 and 1.2 read as different numbers, and ``.inf`` and ``.nan``, which JSON cannot say, stay strings.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from preflight.jobfiles import limits

Scalar: TypeAlias = "bool | int | float | str | None"

_PREFIX = "tag:yaml.org,2002:"
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TYPES = {"null": type(None), "bool": bool, "int": int, "float": float}
_WORD = re.compile(r"!{0,2}[A-Za-z][A-Za-z/:._-]{0,23}")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes. Raises ``ValueError`` for a number that is too large."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return integer(text)
    if _FLOAT.fullmatch(text):
        return decimal(text)
    if _HEXADECIMAL.fullmatch(text):
        return integer(text, 16)
    if _OCTAL.fullmatch(text):
        return integer(text, 8)
    return text


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag. Raises ``ValueError`` when the two do not go together."""
    name = tag.removeprefix(_PREFIX)
    if name in {"!", "str"}:
        return text
    if name not in _TYPES:
        raise ValueError(f"unknown tag {shown_word('', tag)}; '!' begins a tag in YAML: put the value in quotes")
    value = plain(text)
    if name == "float" and type(value) is int:
        return decimal(text)
    if type(value) is not _TYPES[name]:
        raise ValueError(f"{shown_word('', text)} is not of type {name}: remove the tag, or correct the value")
    return value


def shown_word(mark: str, word: str) -> str:
    """``word`` after its ``mark``, in quotes, for a message: if it is a plain word. Any other may be a secret."""
    return f"'{mark}{word}'" if _WORD.fullmatch(word) else f"'{mark}…'"


def fits_collection(tag: str | None, kind: str) -> bool:
    """Whether ``tag`` may stand before a collection of ``kind`` (``seq`` or ``map``)."""
    return tag is None or tag == "!" or tag == _PREFIX + kind


def integer(text: str, base: int = 10) -> int:
    """Raises ``ValueError`` for an integer of more than ``limits.INTEGER_CHARS`` characters."""
    if len(text) > limits.INTEGER_CHARS:
        raise ValueError(f"a number of {len(text)} digits; preflight reads at most {limits.INTEGER_CHARS}: shorten it")
    return int(text.removeprefix("0o"), base)


def decimal(text: str) -> float:
    """Raises ``ValueError`` for a number that no double can hold, since it could not be written again."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number beyond the range of floating point (1.8e308): write a smaller one")
    return value
