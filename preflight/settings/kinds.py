"""The kinds of values that settings have: how each is read from a file and from the environment, and its JSON Schema.

``read`` takes the value from TOML and raises ``Unfit``, which says what is allowed; ``parse`` takes the text of
an environment variable; ``show`` returns the value for JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Protocol

from preflight.errors import ConfigurationError
from preflight.model import Severity
from preflight.redact import redact
from preflight.redact.suggestion import suggestion

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_NAMES = {"bool": "a boolean", "str": "a string", "int": "a number", "float": "a number", "list": "a list"}


class Unfit(ValueError):
    """A value that a setting cannot have; the text names it and says what is expected."""


class Kind(Protocol):
    """The kind of a setting's value."""

    def read(self, value: Any) -> Any: ...

    def parse(self, text: str) -> Any: ...

    def show(self, value: Any) -> Any: ...

    def schema(self) -> dict[str, Any]: ...


class Flag:
    """True or false."""

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Unfit(f"{called(value)}, where true or false is expected")
        return value

    def parse(self, text: str) -> bool:
        if text.lower() not in _YES | _NO:
            raise Unfit(f"{_quoted(text)}, where true or false is expected")
        return text.lower() in _YES

    def show(self, value: bool) -> bool:  # noqa: FBT001 - the protocol's signature
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Choice:
    """One of a few words. ``enum`` turns the word into a value of its own.

    ``choices`` may be a function that returns the words, where finding them takes time. Of a choice that is
    ``open_to_others``, a folder of specs may add words: the command that uses the value knows them.
    """

    def __init__(
        self,
        choices: Iterable[str] | Callable[[], Iterable[str]],
        *,
        enum: Mapping[str, Any] | None = None,
        open_to_others: bool = False,
    ) -> None:
        self._given = choices
        self._enum = enum
        self.open_to_others = open_to_others

    @cached_property
    def _choices(self) -> tuple[str, ...]:
        return tuple(self._given() if callable(self._given) else self._given)

    def read(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise Unfit(f"{called(value)}, where a string is expected: {_listed(self._choices)}")
        return self.parse(value)

    def parse(self, text: str) -> Any:
        if text not in self._choices:
            raise Unfit(f"{_quoted(text)} is not one of {_listed(self._choices)}{suggestion(text, self._choices)}")
        return self._enum[text] if self._enum else text

    def show(self, value: Any) -> Any:
        return value.label if isinstance(value, Severity) else value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self._choices)}


class Number:
    """A number between two bounds, inclusive, of up to so many ``places``; exact, unless ``make`` says otherwise."""

    def __init__(
        self, least: str, most: str, *, unit: str, make: Callable[[str], Any] = Decimal, places: int = 9
    ) -> None:
        self._least = Decimal(least)
        self._most = Decimal(most)
        self._unit = unit
        self._make = make
        self._places = places

    def read(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise Unfit(f"{called(value)}, where a number of {self._unit} is expected")
        return self.parse(str(value))

    def parse(self, text: str) -> Any:
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise Unfit(f"{_quoted(text)} is not a number of {self._unit}") from None
        if not number.is_finite() or not self._least <= number <= self._most:
            raise Unfit(f"{text} is not between {self._least:f} and {self._most:f} {self._unit}")
        if int(number.as_tuple().exponent) < -self._places:  # a finite number's exponent is an integer
            most = f"has more than {self._places} decimal places" if self._places else "is not a whole number"
            raise Unfit(f"{text} {most}")
        return self._make(text)

    def show(self, value: Any) -> str:
        return f"{value:f}" if isinstance(value, Decimal) else f"{value:g}"

    def schema(self) -> dict[str, Any]:
        kind = "number" if self._places else "integer"
        return {"type": kind, "minimum": _plain(self._least), "maximum": _plain(self._most)}


class Text:
    """A string that is not empty; ``example`` describes ``pattern`` for people."""

    def __init__(self, *, pattern: str | None = None, example: str = "") -> None:
        self._pattern = pattern
        self._example = example

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Unfit(f"{called(value)}, where a string is expected")
        return self.parse(value)

    def parse(self, text: str) -> str:
        if not text.strip() or "\x00" in text:
            raise Unfit("an empty string" if not text.strip() else "a string with a NUL")
        if self._pattern and not re.search(self._pattern, text):
            raise Unfit(f"{_quoted(text)}, where {self._example} is expected")
        return text

    def show(self, value: str) -> str:
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1} | ({"pattern": self._pattern} if self._pattern else {})


class Texts:
    """A list of strings; in the environment, separated by commas or spaces."""

    def read(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            hint = f': write ["{redact(value, longest=60)}"]' if isinstance(value, str) else ""
            raise Unfit(f"{called(value)}, where a list of strings is expected{hint}")
        for item in value:
            if not isinstance(item, str):
                raise Unfit(f"{called(item)} in the list, where a string is expected")
        return self._checked(value)

    def parse(self, text: str) -> tuple[str, ...]:
        return self._checked(words(text))

    def show(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self._item_schema()}

    def _item_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "\\S"}

    def _checked(self, items: Iterable[str]) -> tuple[str, ...]:
        checked = tuple(items)
        if not all(item.strip() for item in checked):
            raise Unfit("an empty string in the list")
        return checked


class Choices(Texts):
    """Some of a few words."""

    def __init__(self, choices: Iterable[str]) -> None:
        self._choice = Choice(choices)

    def _item_schema(self) -> dict[str, Any]:
        return self._choice.schema()

    def _checked(self, items: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._choice.parse(item) for item in items)


class Hosts(Texts):
    """Hosts, in the form of ``--allow-host``."""

    def _checked(self, items: Iterable[str]) -> tuple[str, ...]:
        from preflight.sources.host import AllowedHost  # only where a host is set

        checked = super()._checked(items)
        try:
            for item in checked:
                AllowedHost.parse(item)
        except ConfigurationError as error:
            raise Unfit(str(error)) from None
        return checked


class ProxyUrl(Text):
    """A proxy, in the form of ``--proxy``. It is shown without user name and password."""

    def parse(self, text: str) -> str:
        from preflight.sources.proxy import Proxy  # only where a proxy is set

        try:
            Proxy.parse(text)
        except ConfigurationError as error:
            raise Unfit(str(error)) from None
        return text

    def show(self, value: str) -> str:
        return redact(value)


def called(value: Any) -> str:
    """The name of a TOML value in messages."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the string {_quoted(value)}"
    if isinstance(value, int | Decimal):
        return f"the number {str(value)[:60]}"
    return "a table" if isinstance(value, dict) else _NAMES.get(type(value).__name__, "a date or a time")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def words(text: str) -> list[str]:
    """The items of a list in an environment variable."""
    return [item for item in re.split(r"[,\s]+", text) if item]


def _quoted(text: str) -> str:
    """A refused value, short and without secrets: many settings get a URL with a password."""
    return repr(redact(text, longest=60))


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
