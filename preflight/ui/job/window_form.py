"""The part of a clip that a form asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from preflight.errors import ConfigurationError

_MOST_SECONDS = 24 * 3600
_LONGEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowForm:
    """From when, and how long, in seconds."""

    start: Fraction
    length: Fraction


def window_of(form: Mapping[str, str]) -> WindowForm | None:
    """The window in a form; ``None`` where it has none. Raises ``ConfigurationError``."""
    if "start" not in form or "length" not in form:
        return None
    return WindowForm(start=_seconds(form["start"]), length=_seconds(form["length"]))


def _seconds(text: str) -> Fraction:
    digits = text.replace(".", "", 1)
    if len(text) > _LONGEST or not (digits.isascii() and digits.isdigit()) or Fraction(text) > _MOST_SECONDS:
        raise ConfigurationError(f"{text[:40]!r} is not a number of seconds")
    return Fraction(text)
