"""Text from outside as it may be shown: without what signs a URL, on one line, of bounded length."""

from __future__ import annotations

import re

_SHOWN = 300
_SHOWN_PARTS = re.compile(r"\s*(https?:[/\\]*)([^/\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST_AND_PORT = re.compile(r"(\[.*\]|[^:]*)(:\d+)?", re.DOTALL)


def redact(url: str) -> str:
    """``url`` as it may be shown: no user name, password, query string or fragment; on one line, of bounded length.

    Takes any text. The query becomes ``?…``; what cannot be printed becomes an escape.
    """
    head, mark, _ = url.partition("#")[0].partition("?")
    parts = _SHOWN_PARTS.fullmatch(head)
    if parts is not None:
        scheme, authority, path = parts.groups()
        host = authority.rpartition("@")[2]
        # A port that is no number may be the start of a password with an unescaped "/", "?" or "#" in it.
        shown = scheme + (host + path if _HOST_AND_PORT.fullmatch(host) else "…")
    else:
        shown = "…" + head[head.rindex("@") :] if "@" in head else head
    return shorten(printable(shorten(shown + ("?…" if mark else ""))))


def printable(text: str) -> str:
    """``text`` with an escape for every character that cannot be printed: one line, no terminal's commands."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shorten(text: str) -> str:
    """``text`` with its middle left out where it is longer than is shown."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}…{text[1 - _SHOWN // 2 :]}"
