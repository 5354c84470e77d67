"""A word from outside that is not known, and the known one that it may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CURLY_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb"
"""What word processors write in place of straight quotes."""

_LONGEST_WORD = 100
"""Comparing takes time with the square of the length, and no name that is known is as long."""


def close_words(word: str, known: Iterable[str], *, cutoff: float = 0.6, most: int = 1) -> list[str]:
    """Those of ``known`` that are like ``word``, the likeliest first, at most ``most``."""
    from difflib import get_close_matches  # only for a mistake

    words = list(known)
    return get_close_matches(word[:_LONGEST_WORD], words, n=most, cutoff=cutoff) if words and most else []


def suggestion(word: str, known: Iterable[str], *, otherwise: str = "", cutoff: float = 0.6) -> str:
    """The end of a message about ``word``: the known word that the user may have meant, else ``otherwise``."""
    close = close_words(word, known, cutoff=cutoff)
    return f"; did you mean {close[0]!r}?" if close else otherwise
