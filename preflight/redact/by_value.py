"""Secrets that are known by value, found in every spelling in which a server or a parser gives them back."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Final

SHORTEST_SECRET: Final = 6
"""Characters. A shorter secret is not looked for: it would be found in words that have nothing to do with it."""

MASK: Final = "…"
"""Replaces a secret."""

_ROUNDS = 3  # of one encoding inside another: JSON within a query within JSON
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")
_BASE64_LETTER = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789+/=")
_SHORTEST_BASE64 = 7
_ESCAPE_SIGNS = frozenset(b"%\\&")
_ESCAPE = (  # compiled where it is needed: most texts hold no escape
    rb"%(?:25)*([0-9a-f]{2})"
    rb"|\\u([0-9a-f]{4})"
    rb"|\\x([0-9a-f]{2})"
    rb"|\\([\"'/\\])"
    rb"|&(?:amp;)*\#x0{0,6}([0-9a-f]{1,4});"
    rb"|&(?:amp;)*\#0{0,6}([0-9]{1,5});"
    rb"|&(?:amp;)*(amp|lt|gt|quot|apos);"
)
_ENTITIES = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}


class Secrets:
    """Secrets that are known by value: an immutable set. Its ``repr`` shows none of them."""

    __slots__ = ("_needles", "_texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts = frozenset(text for text in texts if len(text) >= SHORTEST_SECRET)
        self._needles = tuple(needle for text in self._texts for needle in _needles(text))

    @classmethod
    def of_url(cls, url: str) -> Secrets:
        """The secrets of ``url``: user name and password, path parameters, the values of query and fragment."""
        authority_and_path, _, query = re.sub(r"\A\s*[^:/?#]*:?[/\\]*", "", url).replace("#", "?").partition("?")
        authority, _, path = authority_and_path.partition("/")
        # The whole query, too: a server that answers nothing but short values gives them away together.
        words = [authority.rpartition("@")[0], *re.split("[:@]", authority.rpartition("@")[0]), query]
        words += [value.partition("=")[2] or value for part in path.split("/") for value in part.split(";")[1:]]
        words += [value.partition("=")[2] or value for value in re.split("[?&;]", query)]
        return cls([*words, *(_decoded(word.encode())[0].decode("utf-8", "replace") for word in words if "%" in word)])

    def __or__(self, other: Secrets) -> Secrets:
        return Secrets(self._texts | other._texts)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def __repr__(self) -> str:
        return f"Secrets({len(self._texts)})"

    def hide(self, text: str) -> str:
        """``text`` with ``…`` for each of the secrets: in any case, percent-encoded, escaped as JSON or HTML, in base64
        or hexadecimal, and in one of these inside another. A base64 text that holds one goes as a whole."""
        if not self._needles:
            return text
        data = text.encode("utf-8", "surrogatepass")
        hidden = self.hide_bytes(data)
        return text if hidden is data else hidden.decode("utf-8", "surrogatepass")

    def hide_bytes(self, data: bytes) -> bytes:
        """The same for bytes; ``data`` itself where none of the secrets is in it."""
        for _ in range(_ROUNDS):
            spans = sorted(self._spans(data))
            if not spans:
                return data
            parts, end = [], 0
            for start, stop, mask in spans:
                if start >= end:
                    parts += [data[end:start], mask]
                end = max(end, stop)
            data = b"".join([*parts, data[end:]])
        return data

    def _spans(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """The place of a secret in ``data``, and its replacement."""
        decoded, origins = data, None
        for _ in range(_ROUNDS):
            lower = decoded.lower()
            folded = lower.translate(_ONE_ALPHABET)
            for needle, is_base64, mask in self._needles:
                for start, stop in _finds(folded if is_base64 else lower, needle, whole_word=is_base64):
                    yield (start, stop, mask) if origins is None else (origins[start], origins[stop], mask)
            if _ESCAPE_SIGNS.isdisjoint(decoded):
                return
            plain, positions = _decoded(decoded)
            if plain == decoded:
                return
            origins = positions if origins is None else [origins[position] for position in positions]
            decoded = plain


def _needles(secret: str) -> Iterator[tuple[bytes, bool, bytes]]:
    """In lower case, as ``_spans`` looks for them: the secret itself, in hexadecimal, and the part of its base64
    that does not depend on the text around it, for each of the three places where it may begin."""
    data = secret.encode("utf-8", "surrogatepass")
    written = data
    for _ in range(_ROUNDS):  # "%41" in a secret is read as "A", where a text is searched below its escapes
        yield written.lower(), False, _mask_of(data)
        written = _decoded(written)[0]
    yield data.hex().encode(), False, _mask_of(b"")
    for offset in range(3):
        encoded = binascii.b2a_base64(bytes(offset) + data, newline=False)
        core = encoded[(8 * offset + 5) // 6 : (8 * (offset + len(data))) // 6]
        if len(core) >= _SHORTEST_BASE64:
            yield core.lower().translate(_ONE_ALPHABET), True, _mask_of(b"")


def _finds(data: bytes, needle: bytes, *, whole_word: bool) -> Iterator[tuple[int, int]]:
    start = data.find(needle)
    while start >= 0:
        stop = start + len(needle)
        if whole_word:
            while start and data[start - 1] in _BASE64_LETTER:
                start -= 1
            while stop < len(data) and data[stop] in _BASE64_LETTER:
                stop += 1
        yield start, stop
        start = data.find(needle, stop)


def _decoded(data: bytes) -> tuple[bytes, list[int]]:
    """``data`` with its escapes replaced, and for every byte of that, and its end, its place in ``data``."""
    parts: list[bytes] = []
    positions: list[int] = []
    end = 0
    for found in re.finditer(_ESCAPE, data, re.IGNORECASE):
        plain = _unescaped(found)
        parts += [data[end : found.start()], plain]
        positions += range(end, found.start())
        positions += [found.start()] * len(plain)
        end = found.end()
    parts.append(data[end:])
    positions += range(end, len(data) + 1)
    return b"".join(parts), positions


def _unescaped(found: re.Match[bytes]) -> bytes:
    percent, unit, byte, itself, hexadecimal, number, name = found.groups()
    if percent:
        return bytes([int(percent, 16)])
    if itself or name:
        return itself or _ENTITIES[name.lower()]
    code = int(number) if number else int(unit or byte or hexadecimal, 16)
    return chr(code).encode("utf-8", "surrogatepass")


def _mask_of(secret: bytes) -> bytes:
    """The replacement for a secret. Of an API key the prefix is kept, so that a reader sees that it was one."""
    return (b"sk-" if secret[:3].lower() == b"sk-" else b"") + MASK.encode()
