"""The service's own words, made fit to be shown: they come from outside."""

from __future__ import annotations

import re

_QUERY = re.compile(r"(\bhttps?://[^\s?#]*)[?#][^\s'\"]*", re.IGNORECASE)
_LONGEST = 500


def shown(value: object, *, longest: int = _LONGEST) -> str:
    """``value``, if it is text, as one line of at most ``longest`` printable characters; else ``""``.

    What cannot be printed (controls, escapes, direction marks, line breaks) becomes a space, a URL loses its query.
    """
    if not isinstance(value, str):
        return ""
    # Everything below costs time in the length of the text, so what will never be shown is cut off first.
    start = value[: 4 * longest]
    line = " ".join("".join(char if char.isprintable() else " " for char in start).split())
    line = _QUERY.sub(r"\1?…", line)
    return line if len(line) <= longest else line[: longest - 1] + "…"
