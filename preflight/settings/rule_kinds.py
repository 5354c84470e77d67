"""Settings that name rules: lists of them, severities by rule, lists by file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from preflight.model import Severity
from preflight.model.named_tuple import NamedTuple
from preflight.settings.kinds import Choice, Texts, Unfit, called, words

_LEVELS = {severity.label: severity for severity in reversed(Severity)}


class PathIgnore(NamedTuple):
    """Rules, or areas of rules, to ignore in files that match ``pattern``."""

    pattern: str
    rules: tuple[str, ...]


class RuleNames(Texts):
    """Rules, by id or by area."""

    def _item_schema(self) -> dict[str, Any]:
        return {"enum": rule_names()}

    def _checked(self, items: Iterable[str]) -> tuple[str, ...]:
        return tuple(require_rule(item) for item in items)


class Severities:
    """Severities by rule, ``RULE = "LEVEL"``; in the environment ``RULE=LEVEL``, separated by commas or spaces."""

    _level = Choice(_LEVELS, enum=_LEVELS)

    def read(self, value: Any) -> dict[str, Severity]:
        if not isinstance(value, dict):
            raise Unfit(f'{called(value)}, where a table is expected: RULE = "warning"')
        return {require_rule(rule, areas=False): self._of(rule, level) for rule, level in value.items()}

    def parse(self, text: str) -> dict[str, Severity]:
        pairs = [item.partition("=") for item in words(text)]
        return self.read({rule: level for rule, _, level in pairs})

    def show(self, value: Mapping[str, Severity]) -> dict[str, str]:
        return {rule: severity.label for rule, severity in value.items()}

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": {"enum": rule_names(areas=False)},
            "additionalProperties": self._level.schema(),
        }

    def _of(self, rule: str, level: Any) -> Severity:
        try:
            severity: Severity = self._level.read(level)
        except Unfit as error:
            raise Unfit(f"{rule}: {error}") from None
        return severity


class PathIgnores:
    """Lists of rules by pattern, ``"PATTERN" = ["RULE"]``. The environment cannot set it."""

    def read(self, value: Any) -> tuple[PathIgnore, ...]:
        if not isinstance(value, dict):
            raise Unfit(f'{called(value)}, where a table is expected: "drafts/**" = ["RULE"]')
        return tuple(self._entry(pattern, rules) for pattern, rules in value.items())

    def parse(self, text: str) -> tuple[PathIgnore, ...]:
        raise NotImplementedError(text)

    def show(self, value: tuple[PathIgnore, ...]) -> dict[str, list[str]]:
        return {entry.pattern: list(entry.rules) for entry in value}

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": {"pattern": "\\S"},
            "additionalProperties": {"type": "array", "items": {"enum": rule_names()}},
        }

    def _entry(self, pattern: str, rules: Any) -> PathIgnore:
        if not pattern.strip():
            raise Unfit("an empty pattern")
        try:
            return PathIgnore(pattern, RuleNames().read(rules))
        except Unfit as error:
            raise Unfit(f'"{pattern}": {error}') from None


def rule_names(*, areas: bool = True) -> list[str]:
    """The names that select rules: areas, then ids."""
    from preflight.rules import RULES, Area  # takes time to load: most runs set none of these

    ids = [rule.id for rule in RULES]
    return [*(area.value for area in Area), *ids] if areas else ids


def require_rule(name: str, *, areas: bool = True) -> str:
    """``name``, if it is a rule's id, or an area. Raises ``ValueError`` with a suggestion."""
    known = rule_names(areas=areas)
    if name not in known:
        from preflight.rules import no_rule  # loaded by now

        raise Unfit(no_rule(name, known))
    return name
