"""Reads the values of a spec file, each within its bounds. A fault names the file, the line and the key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn, TypeVar, cast

from preflight.errors import SpecError
from preflight.lazy import pattern
from preflight.model.named_tuple import NamedTuple
from preflight.redact import redact
from preflight.redact.suggestion import close_words, suggestion
from preflight.specs.limits import CHOICES, DIGITS, NAME_CHARS, TEXT_CHARS

_NUMBER = pattern(r"-?\d+(\.\d+|/\d+)?")
_SHOWN_CHARS = 60
_Choice = TypeVar("_Choice", bound=str)
_MISSING: Any = object()


class SpecText(NamedTuple):
    """The text of a spec file, and the name that messages call it."""

    name: str
    text: str

    def error(self, message: str, path: tuple[str | int, ...] = ()) -> SpecError:
        """The error with ``message`` about the value at ``path``."""
        from preflight.specs.toml_lines import line_of  # only for a fault

        line, field = line_of(self.text, path), shown_path_of(path)
        place = f"{self.name}:{line}" if line else self.name
        said = f"{redact(field, longest=NAME_CHARS)}: " if field else ""
        error = SpecError(f"{place}: {said}{message}")
        error.line, error.field = line, field or None
        return error


class Table:
    """One table of a spec file. ``end`` refuses the keys that nothing has read."""

    def __init__(self, file: SpecText, values: object, path: tuple[str | int, ...] = ()) -> None:
        self.file, self.path = file, path
        if not isinstance(values, dict):
            raise file.error(f"must be a table, not {shown(values)}", path)
        self._values: Mapping[str, Any] = values
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._read.add(key)
        return key in self._values

    def fail(self, message: str, *keys: str | int) -> NoReturn:
        """Raise the error about the value at ``keys``."""
        raise self.file.error(message, (*self.path, *keys))

    def value(self, key: str, default: Any = _MISSING) -> Any:
        self._read.add(key)
        if key in self._values:
            return self._values[key]
        if default is _MISSING:
            close = close_words(key, sorted(self._values.keys() - self._read), cutoff=0.75)
            self.fail(f"'{key}' is missing{f'; is {shown(close[0])} a misspelling of it?' if close else ''}")
        return default

    def text(self, key: str, default: Any = _MISSING, *, longest: int = TEXT_CHARS) -> str:
        """One line of printable text."""
        value = self.value(key, default)
        if key not in self._values:
            return cast("str", value)
        return self._text(value, key, longest=longest)

    def name(self, key: str, default: Any = _MISSING) -> str:
        return self.text(key, default, longest=NAME_CHARS)

    def texts(self, key: str, default: Any = _MISSING, *, most: int = CHOICES) -> tuple[str, ...]:
        """A list of short texts, each once."""
        found = self.items(key, default, most=most)
        values = tuple(self._text(each, key, longest=NAME_CHARS) for each in found)
        for value in values:
            if values.count(value) > 1:
                self.fail(f"lists {value!r} twice", key)
        return values

    def items(self, key: str, default: Any = _MISSING, *, most: int = CHOICES) -> list[Any]:
        value = self.value(key, default)
        if not isinstance(value, list | tuple):
            self.fail(f"must be a list, not {shown(value)}", key)
        if len(value) > most:
            self.fail(f"has {len(value)} entries; at most {most} are allowed", key)
        return list(value)

    def one_of(self, key: str, choices: Iterable[_Choice], default: Any = _MISSING) -> _Choice:
        value, known = self.name(key, default), tuple(choices)
        if value not in known:
            self.fail(
                f"must be one of {', '.join(known)}, not {shown(value)}{suggestion(value, known, cutoff=0.75)}", key
            )
        return value

    def flag(self, key: str) -> bool:
        value = self.value(key, default=False)
        if not isinstance(value, bool):
            self.fail(f"must be true or false, not {shown(value)}", key)
        return value

    def number(self, key: str, *, low: int = 0, high: int, above: bool = False) -> Fraction:
        """A number from ``low`` to ``high``; ``above`` excludes ``low``. A text such as "5/2" keeps it exact."""
        return self.number_in(self.value(key), key, low=low, high=high, above=above)

    def number_in(self, value: object, *keys: str | int, low: int = 0, high: int, above: bool = False) -> Fraction:
        number = exact_number(value)
        if number is None:
            self.fail(f"must be a number, not {shown(value)}", *keys)
        if not low <= number <= high or (above and number == low):
            least = f"above {low}" if above else f"{low} or more"
            self.fail(f"must be {least}, and at most {high}, not {shown(value)}", *keys)
        return number

    def whole(self, key: str, default: int | None = None, *, low: int = 0, high: int) -> int | None:
        """An integer from ``low`` to ``high``; ``default`` where the key is absent."""
        if key not in self:
            return default
        number = self.number(key, low=low, high=high)
        if number.denominator != 1:
            self.fail(f"must be a whole number, not {shown(self._values[key])}", key)
        return int(number)

    def table(self, key: str) -> Table:
        return Table(self.file, self.value(key), (*self.path, key))

    def tables(self, key: str, default: Any = _MISSING, *, most: int) -> Iterator[Table]:
        """The tables of an array."""
        for index, each in enumerate(self.items(key, default, most=most)):
            yield Table(self.file, each, (*self.path, key, index))

    def unread(self) -> list[str]:
        return [key for key in self._values if key not in self._read]

    def end(self) -> None:
        """Raise ``SpecError`` for a key that the spec does not have."""
        for key in self.unread():
            hint = suggestion(key, self._read, cutoff=0.7, otherwise="; docs/models.md lists the keys")
            self.fail(f"there is no key {shown(key)}{hint}", key)

    def _text(self, value: object, key: str, *, longest: int) -> str:
        if not isinstance(value, str):
            self.fail(f"must be a text in quotes, not {shown(value)}", key)
        if not value.strip() or len(value) > longest or not value.isprintable():
            self.fail(f"must be one line of 1 to {longest} printable characters, not {shown(value)}", key)
        return value


def exact_number(value: object) -> Fraction | None:
    """The number that ``value`` is, without rounding; ``None`` for NaN, infinity and any other thing."""
    match value:
        case bool():
            return None
        case Fraction():
            return value
        case int() if -(10**DIGITS) < value < 10**DIGITS:
            return Fraction(value)
        case Decimal() if value.is_finite() and abs(value.adjusted()) < DIGITS and len(str(value)) <= 2 * DIGITS:
            return Fraction(value)
        case str() if len(value) <= DIGITS and _NUMBER.fullmatch(value):
            try:
                return Fraction(value)
            except ZeroDivisionError:
                return None
    return None


def shown(value: object) -> str:
    """A value of a spec file in a message."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**DIGITS:
        return f"a number of more than {DIGITS} digits"  # Python refuses to write a very long one
    text = f"'{value}'" if isinstance(value, str) else str(value)[: 2 * _SHOWN_CHARS]
    return redact(text, longest=_SHOWN_CHARS)


def shown_path_of(path: tuple[str | int, ...]) -> str:
    """Keys as people write them: ``fields[3].choices``."""
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path).removeprefix(".")
