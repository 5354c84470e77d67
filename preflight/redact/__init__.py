"""Text from outside as it may be stored or shown: without secrets, on one line, of bounded length.

A secret is known in two ways. By value: a ``Secrets`` holds the secrets that somebody knows (the API key, a callback's
token, the query of a signed URL) and finds each in every spelling in which a server or a parser gives it back. By
shape: the query of a URL, its user name and path parameters, a JSON Web Token, ``Bearer …``, ``X-Amz-Signature=…``.

- ``redact`` is for every text from outside, URLs included: one line, bounded, safe to print and to keep.
- ``hide`` does the same to text that must keep its layout: a body, many lines.
- ``shown_path`` is for the name of a local file, which is not a URL: it is shown whole.
- ``one_line`` is for a service's own words, of whatever type its JSON makes them.
- ``remember`` is called once by the code that learns a secret of the whole process.
"""

from __future__ import annotations

from threading import Lock
from typing import Final

from preflight.redact.by_shape import bare_url, begins_as_url, hide_shapes, signing_values
from preflight.redact.by_value import MASK, Secrets

__all__ = [
    "NO_SECRETS",
    "Secrets",
    "hide",
    "hide_bytes",
    "one_line",
    "printable",
    "redact",
    "remember",
    "shorten",
    "shown_path",
    "signing_values",
]

_MOST_REMEMBERED = 64
_SHOWN = 300
_LONGEST_LINE = 500

NO_SECRETS: Final = Secrets()

_PASSES: Final = 5
"""An escape joins what a line break parted, and a mark uncovers a word before it: so a text that changed is read again,
and whoever redacts the result changes nothing."""

_known = NO_SECRETS
_order: list[str] = []
_lock = Lock()


def remember(*texts: str) -> None:
    """Hide these secrets in every text that this process redacts from now on. Of many, the latest 64 are kept.

    For secrets of a whole run: the API key, the callbacks' secret, a proxy's password. Not for a
    secret of one file among many: that is a ``Secrets`` that goes with the file.
    """
    global _known  # noqa: PLW0603 - one value, replaced as a whole: an error is worded where no key is at hand
    with _lock:
        new = [text for text in texts if Secrets([text]) and text not in _order]
        if new:
            _order.extend(new)
            del _order[:-_MOST_REMEMBERED]
            _known = Secrets(_order)


def hide(text: str, secrets: Secrets = NO_SECRETS) -> str:
    """``text`` without the secrets by value (``secrets``, and the remembered ones) and by shape; else unchanged."""
    return hide_shapes(secrets.hide(_known.hide(text)))


def hide_bytes(data: bytes, secrets: Secrets = NO_SECRETS) -> bytes:
    """``data`` without the secrets by value: for a body that is still to be parsed."""
    return secrets.hide_bytes(_known.hide_bytes(data))


def redact(text: str, secrets: Secrets = NO_SECRETS, *, longest: int = _SHOWN) -> str:
    """``text`` as it may be stored or shown: nothing secret, one line of printable characters, at most ``longest``.

    A URL, and a text that begins like one, loses user name, password, query, fragment and path parameters whatever they
    hold; an unprintable character becomes an escape.
    """
    shown = text if len(text) <= 16 * longest else f"{text[: 8 * longest]}{MASK}{text[-8 * longest :]}"
    for _ in range(_PASSES):
        before = shown
        bare = bare_url(before) if begins_as_url(before) else before
        shown = shorten(printable(shorten(hide(bare, secrets), longest)), longest)
        if shown == before:
            break
    return shown


def shown_path(path: str) -> str:
    """The name of a local file as it is shown: whole, whatever signs it holds, with escapes for what is not printable.

    Only a secret that the process remembers is taken out.
    """
    return printable(_known.hide(path))


def one_line(value: object, *, longest: int = _LONGEST_LINE, secrets: Secrets = NO_SECRETS) -> str:
    """``value``, if it is text, as one redacted line of at most ``longest`` characters; else ``""``.

    Unprintable characters (controls, escapes, direction marks, line breaks) become a space.
    """
    if not isinstance(value, str):
        return ""
    # Everything below costs time in the length of the text, so the part never shown is cut off first; with the
    # word that is cut, which may be half of a secret.
    start = value if len(value) <= 8 * longest else value[: 8 * longest].rpartition(" ")[0]
    line = " ".join("".join(char if char.isprintable() else " " for char in start).split())
    line = hide(line, secrets)
    return line if len(line) <= longest else line[: longest - 1] + MASK


def printable(text: str) -> str:
    """``text`` with an escape for every character that cannot be printed: one line, no terminal's commands."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shorten(text: str, longest: int = _SHOWN) -> str:
    """``text`` with its middle left out where it is longer than ``longest``."""
    return text if len(text) <= longest else f"{text[: longest // 2]}{MASK}{text[1 - longest // 2 :]}"
