"""Text for a stream whose encoding lacks characters of it."""

from __future__ import annotations

_PLAIN = {"×": "x", "·": "-", "…": "...", "→": "->", "–": "-", "≤": "<=", "≥": ">="}
"""The signs of our own texts, for encodings that lack them."""


def encodable(text: str, encoding: str) -> str:
    """``text`` with a plain sign for each of ours that ``encoding`` lacks, and an escape for any other character."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_encodable(character, encoding) for character in text)
    return text


def _encodable(character: str, encoding: str) -> str:
    if character.isascii():
        return character
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return _PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")
    return character
