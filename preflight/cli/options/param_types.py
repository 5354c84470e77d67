"""The types of option values: numbers, seconds, hosts, proxies and rule ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from preflight.errors import ConfigurationError
from preflight.lazy import pattern
from preflight.redact import redact
from preflight.redact.suggestion import suggestion

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from preflight.sources.host import AllowedHost
    from preflight.sources.proxy import Proxy

_MOST = Decimal(10) ** 9
_PLACES = 9
_AGO = pattern(r"(\d{1,5})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DECIMAL = pattern(r"[-+]?\d+\.\d*", re.ASCII)
_ALMOST_NUMBER = pattern(r"(\d[\d\s_',.]{0,30})\s*(?:s|sec|secs|seconds?|credits?)?", re.IGNORECASE | re.ASCII)
"""Digits with a decimal comma, separators or a unit."""


def not_a_number(text: str, allowed: str) -> str:
    """The message about ``text``, and the number that it may have been meant to be: ``12,5``, ``12.5s``, ``1 000``.

    Where that cannot be told, it ends with what is ``allowed``.
    """
    found = _ALMOST_NUMBER.fullmatch(text.strip())
    if found is None:
        return f"{redact(text, longest=60)!r} is not a number: write {allowed}"
    digits = re.sub(r"[\s_']", "", found[1])
    if digits.count(",") > 1 or ("," in digits and "." in digits) or re.fullmatch(r"\d{1,3},\d{3}", digits):
        return f"{text!r} is not a number; write 1000 without separators, and 12.5 with a point"
    return f"{text!r} is not a number; did you mean {digits.replace(',', '.')}?"


class Choice(click.Choice[str]):
    """One of several words; an unknown one is answered with all of them, and with the one that is like it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            self.fail(no_choice(str(value), list(self.choices)), error.param, error.ctx)


def no_choice(value: str, choices: Sequence[str], *, more: str = "") -> str:
    """The message about a ``value`` that is not one of ``choices``; ``more`` says what else they can be."""
    known = ", ".join(map(repr, choices))
    return f"{redact(value, longest=60)!r} is not one of {known}{more}{suggestion(value.lower(), choices)}"


class WholeNumber(click.IntRange):
    """An integer within bounds."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        allowed = " ".join(filter(None, ("a whole number", self._describe_range())))
        try:
            number = int(value)
        except ValueError:
            if _DECIMAL.fullmatch(str(value)):
                self.fail(f"{value!r} is not a whole number: write {allowed}", param, ctx)
            self.fail(not_a_number(str(value), allowed), param, ctx)
        if (self.min is not None and number < self.min) or (self.max is not None and number > self.max):
            self.fail(f"{value!r} is not {self._describe_range()}", param, ctx)
        return number

    def _describe_range(self) -> str:
        """The bounds in words: click shows ``1<=x<=10``."""
        return _bounds(self.min, self.max)


class RealNumber(click.FloatRange):
    """A number within bounds, which need not be exact."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            number = float(value)
        except ValueError:
            self.fail(not_a_number(str(value), f"one {self._describe_range()}"), param, ctx)
        if not (self.min is None or number >= self.min) or not (self.max is None or number <= self.max):
            self.fail(f"{value!r} is not {self._describe_range()}", param, ctx)
        return number

    def _describe_range(self) -> str:
        """As above."""
        return _bounds(self.min, self.max)


def _bounds(least: float | None, most: float | None) -> str:
    if least is None:
        return "" if most is None else f"at most {most:.10g}"
    return f"at least {least:.10g}" if most is None else f"between {least:.10g} and {most:.10g}"


class Number(click.ParamType[Decimal]):
    """A decimal number, taken exactly as it is written."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            self.fail(not_a_number(str(value), f"one between 0 and {_MOST:f}, such as 12.5"), param, ctx)
        if not number.is_finite() or not 0 <= number <= _MOST:
            self.fail(f"{value!r} is not between 0 and {_MOST:f}", param, ctx)
        if int(number.as_tuple().exponent) < -_PLACES:  # a finite number's exponent is an integer
            self.fail(f"{value!r} has more than {_PLACES} decimal places: write fewer", param, ctx)
        return number


class Seconds(click.ParamType[float]):
    """A time, within bounds that make sense for waiting."""

    name = "seconds"

    def __init__(self, least: float, most: float) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            allowed = f"seconds between {self._least:g} and {self._most:.10g}, such as 12.5"
            self.fail(not_a_number(str(value), allowed), param, ctx)
        if not self._least <= seconds <= self._most:  # also refuses nan
            self.fail(f"{value} is not between {self._least:g} and {self._most:.10g} seconds", param, ctx)
        return seconds


class Since(click.ParamType[datetime]):
    """A day or a moment (UTC unless it says otherwise), or a time before now: ``90m``, ``24h``, ``7d``."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        now = datetime.now(UTC)
        if ago := _AGO.fullmatch(str(value).strip()):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(str(value).strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time: write 2026-11-01, 2026-11-01T12:00, 24h or 7d", param, ctx)
        if moment > now:
            self.fail(f"{value!r} is in the future: write a time that has passed", param, ctx)
        return moment


class Host(click.ParamType["AllowedHost"]):
    """HOST or HOST:PORT."""

    name = "host"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> AllowedHost:
        from preflight.sources.host import AllowedHost  # only for this option

        if isinstance(value, AllowedHost):
            return value
        try:
            return AllowedHost.parse(value)
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)


class ProxyUrl(click.ParamType["Proxy"]):
    """[http[s]://][USER:PASSWORD@]HOST[:PORT]."""

    name = "proxy"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Proxy:
        from preflight.sources.proxy import Proxy  # only for this option

        if isinstance(value, Proxy):
            return value
        try:
            return Proxy.parse(value)
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)


class RuleId(click.ParamType[str]):
    """The id of a rule; with ``areas``, also the name of an area of rules."""

    name = "rule"

    def __init__(self, *, areas: bool = False) -> None:
        self._takes_areas = areas

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        from click.shell_completion import CompletionItem  # only for completion

        from preflight.rules import RULES, Area  # takes time to load: the option itself does without

        areas = [CompletionItem(area.value) for area in Area] if self._takes_areas else []
        rules = (CompletionItem(rule.id, help=rule.summary) for rule in RULES)
        return [each for each in (*areas, *rules) if each.value.startswith(incomplete)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from preflight.settings.rule_kinds import require_rule

        try:
            return require_rule(str(value), areas=self._takes_areas)
        except ValueError as error:
            self.fail(str(error), param, ctx)
