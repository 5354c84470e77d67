"""The limits of a settings file that came with the folder: preflight found it, and the user did not name it.

A user who checks somebody else's folder must not be led to private addresses, to another service, to another ledger, or
past a budget. The command line, the environment and a file that they name may set everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

from preflight.model import Severity
from preflight.model.named_tuple import NamedTuple
from preflight.settings.kinds import Unfit
from preflight.settings.rule_kinds import PathIgnore

_MAX_SECONDS: Final = 60.0


class Trust(NamedTuple):
    """How far a found file is trusted with one setting; ``said`` is the text for the documentation.

    ``take`` returns the value that holds, and raises ``Unfit`` with the reason where the file may not set it.
    ``option`` is whether commands have an option of the setting's name.
    """

    said: str
    take: Callable[[Any], Any]
    option: bool = True


def never(reason: str) -> Trust:
    """A setting that only the user may set."""

    def take(_: Any) -> Any:
        raise Unfit(reason)

    return Trust(f"no: {reason}", take)


@cache
def budget_rules() -> frozenset[str]:
    """The rules that hold a budget."""
    from preflight.rules import Trait, rules_with  # takes time to load: few files name rules

    return rules_with(Trait.BUDGET)


def _rules_of(name: str) -> tuple[str, ...]:
    """The rules of an area, or the one of that name."""
    from preflight.rules import RULES

    return tuple(rule.id for rule in RULES if rule.area.value == name) or (name,)


def _selected(names: tuple[str, ...]) -> tuple[str, ...]:
    known = {rule for name in names for rule in _rules_of(name)}
    return (*names, *sorted(budget_rules() - known)) if names else names


def _ignored(names: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for name in names:
        _require_no_budget(name)
        rules, budget = _rules_of(name), budget_rules()
        kept += [rule for rule in rules if rule not in budget] if budget & {*rules} else [name]
    return tuple(kept)


def _ignored_by_path(entries: tuple[PathIgnore, ...]) -> tuple[PathIgnore, ...]:
    return tuple(PathIgnore(entry.pattern, _ignored(entry.rules)) for entry in entries)


def _severities(levels: Mapping[str, Severity]) -> Mapping[str, Severity]:
    for name, severity in levels.items():
        if severity < Severity.ERROR:
            _require_no_budget(name)
    return levels


def _seconds(seconds: float) -> float:
    if seconds > _MAX_SECONDS:
        raise Unfit(f"a server could hold a run for longer than {_MAX_SECONDS:g} s a file")
    return seconds


def _require_no_budget(name: str) -> None:
    if name in budget_rules():
        raise Unfit(f"{name!r} would switch a budget off")


ALWAYS: Final = Trust("yes", lambda value: value)
SELECTS_BUDGET: Final = Trust("yes; `over-budget` is always added", _selected)
IGNORES_NO_BUDGET: Final = Trust("yes, without `over-budget`, which the area `price` then leaves out", _ignored)
IGNORES_NO_BUDGET_BY_PATH: Final = IGNORES_NO_BUDGET._replace(take=_ignored_by_path, option=False)
LOWERS_NO_BUDGET: Final = Trust("yes, except for a lower severity of `over-budget`", _severities, option=False)
BRIEF: Final = Trust(f"yes, up to {_MAX_SECONDS:g} s", _seconds)
