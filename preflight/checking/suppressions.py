"""Decides which findings count: selected and ignored rules, other severities, comments, and a baseline."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from preflight.errors import ConfigurationError
from preflight.model import Finding, Hidden, Severity
from preflight.model.named_tuple import NamedTuple
from preflight.rules import RULES, Area, Trait, no_rule, rules_with

if TYPE_CHECKING:
    from preflight.checking.baseline import Baseline
    from preflight.model import Job
    from preflight.settings import PathIgnore
    from preflight.targets.patterns import Patterns

_AREAS = {area.value: frozenset(rule.id for rule in RULES if rule.area is area) for area in Area}
_BUDGET = rules_with(Trait.BUDGET)
_IDS = frozenset(rule.id for rule in RULES)


class Sorted(NamedTuple):
    """Findings: ``shown`` ones, the most severe first and indeterminate ones last, and ``hidden`` ones with the reason.

    Findings of one severity are in the order of the rules.
    """

    shown: tuple[Finding, ...]
    hidden: tuple[Hidden, ...]

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that decide the verdict. An indeterminate one counts even when hidden: it is not a pass."""
        return (*self.shown, *(each.finding for each in self.hidden if each.finding.indeterminate))


def rules_named(names: Iterable[str]) -> frozenset[str]:
    """The ids behind ``names``, each a rule's or an area's. Raises ``ConfigurationError`` for any other."""
    found: set[str] = set()
    for name in names:
        if name not in _IDS and name not in _AREAS:
            raise ConfigurationError(no_rule(name, [*_AREAS, *_IDS]))
        found |= _AREAS.get(name, {name})
    return frozenset(found)


class Selection:
    """Which findings are shown. ``select`` and ``ignore`` hold rules or areas of rules; an empty ``select`` is all.

    ``folder`` is where the patterns of ``path_ignores`` begin. Raises ``ConfigurationError`` for an unknown rule.
    """

    def __init__(
        self,
        *,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
        severities: Mapping[str, Severity] | None = None,
        path_ignores: Iterable[PathIgnore] = (),
        folder: str = ".",
        baseline: Baseline | None = None,
    ) -> None:
        self._selected = (rules_named(select) or _IDS) - rules_named(ignore)
        self._severities = severities or {}
        self._by_path = [(_patterns(entry.pattern, folder), rules_named(entry.rules)) for entry in path_ignores]
        self._baseline = baseline
        for name in self._severities:
            if name not in _IDS:
                raise ConfigurationError(no_rule(name, [*_AREAS, *_IDS]))

    def sort(self, findings: Sequence[Finding], job: Job | None, sources: Mapping[str | None, str]) -> Sorted:
        """Split ``findings`` of one job or file. ``sources`` names the file behind each field, for the baseline."""
        shown: list[Finding] = []
        hidden: list[Hidden] = []
        for found in findings:
            severity = self._severities.get(found.rule)
            finding = found if severity is None else replace(found, severity=severity)
            reason = self._reason(finding, job, sources)
            if reason is None:
                shown.append(finding)
            else:
                hidden.append(Hidden(finding=finding, by=reason))
        shown.sort(key=lambda finding: (-finding.severity, finding.indeterminate))
        return Sorted(tuple(shown), tuple(hidden))

    def _reason(self, finding: Finding, job: Job | None, sources: Mapping[str | None, str]) -> str | None:
        if finding.rule not in self._selected:
            return "option"
        source = sources.get(finding.field)
        for patterns, rules in self._by_path:
            if finding.rule in rules and any(patterns.fit(path) for path in _paths(finding.path, source)):
                return "path"
        if job is not None and _is_ignored_in(job, finding):
            return "comment"
        if self._baseline is not None and self._baseline.holds(finding, source, job.id if job else None):
            return "baseline"
        return None


def _patterns(pattern: str, folder: str) -> Patterns:
    from preflight.targets.patterns import Patterns  # loads pathspec, which most runs do not need

    return Patterns([pattern], folder=folder)


def _paths(path: str | None, source: str | None) -> Iterator[str]:
    """The local files that a finding is about: the job's, and the one behind the field, which is relative to it."""
    if path is not None:
        yield path
    if source is not None and source != path and "://" not in source:
        yield os.path.join(os.path.dirname(path or ""), source)  # noqa: PTH118, PTH120 - text, as patterns take it


def _is_ignored_in(job: Job, finding: Finding) -> bool:
    """Whether a comment ignores ``finding``. A job may be somebody else's: it cannot switch off a budget."""
    if finding.rule in _BUDGET:
        return False
    return any(comment.covers(finding.line) and _says(comment.rules, finding) for comment in job.comments)


def _says(names: Iterable[str], finding: Finding) -> bool:
    return any(name == finding.rule or finding.rule in _AREAS.get(name, ()) for name in names)
