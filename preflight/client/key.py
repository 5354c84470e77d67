"""The API key: checked once, then carried where nothing prints it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from preflight.errors import InvalidKey

VARIABLE = "PREFLIGHT_API_KEY"

_SHAPE = re.compile(r"sk-[\x21-\x7e]+")
_LENGTH = range(7, 513)


def check_key(text: str) -> str:
    """``text`` itself, if it has the shape of a key: ``sk-`` and printable ASCII, 7 to 512 characters.

    Whoever reads the key from a file takes the final newline off first. Raises ``InvalidKey``, which never shows it.
    """
    if not text:
        raise InvalidKey("the API key is empty")
    if not text.startswith("sk-"):
        raise InvalidKey("the API key does not start with 'sk-'")
    if len(text) not in _LENGTH:
        raise InvalidKey(f"the API key has {len(text)} characters; keys have {_LENGTH[0]} to {_LENGTH[-1]}")
    if not _SHAPE.fullmatch(text):
        raise InvalidKey("the API key holds white space, a control character, or a character outside ASCII")
    return text


class ApiKey:
    """A key whose every rendering is ``ApiKey('sk-…')``; only ``reveal`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = check_key(text)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ApiKey:
        """The key in ``PREFLIGHT_API_KEY`` of ``environment``. Raises ``InvalidKey`` when it is not set."""
        if VARIABLE not in environment:
            raise InvalidKey(f"no API key: set {VARIABLE}")
        return cls(environment[VARIABLE])

    def reveal(self) -> str:
        """The key itself, for the one header that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "ApiKey('sk-…')"

    def __reduce__(self) -> str:
        raise TypeError("an API key is not pickled")
