"""A baseline file: old findings that do not count until they are fixed.

A finding is recognised by its rule, its file, its field, the file or URL of the field, and the row's own id, so that it
may move to another line. Paths are relative to the baseline's folder. Indeterminate findings, findings over a budget
and unreadable rows are never part of a baseline.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from preflight.bounded_file import NotRead, read_bounded
from preflight.errors import ConfigurationError
from preflight.model import Finding, JobReport, Report
from preflight.redact import printable
from preflight.redact.advice import Advice
from preflight.rules import Trait, rules_with

SCHEMA: Final = "preflight.baseline/v1"
_MAX_BYTES = 16 * 1024 * 1024
_NEVER = rules_with(Trait.BUDGET)
_UNREADABLE = rules_with(Trait.UNREADABLE)


class Fingerprint(NamedTuple):
    """The key of a finding. ``source`` is empty where it is the same as ``path``; missing parts are empty too."""

    path: str
    id: str
    field: str
    rule: str
    source: str

    def __str__(self) -> str:
        return f"{self.rule} in {printable(self.path or self.source)}{f' ({self.field})' if self.field else ''}"


class Baseline(NamedTuple):
    """The findings of a baseline; their paths are relative to ``folder``."""

    folder: str
    entries: frozenset[Fingerprint]

    def holds(self, finding: Finding, source: str | None, name: str | None) -> bool:
        """Whether ``finding`` about ``source``, in the row called ``name``, is an old one."""
        return can_be_old(finding) and fingerprint(finding, source, name, folder=self.folder) in self.entries

    def stale(self, report: Report) -> list[Fingerprint]:
        """Entries that are fixed: their file was examined without them, or is gone."""
        present = {print_ for job in report.jobs for print_ in _all_of(job, self.folder)}
        whole: dict[str, bool] = {}
        for job in report.jobs:
            examined = all(subject.facts is not None for subject in job.subjects)
            for name in {_relative(job.path, self.folder), *(each.source for each in job.subjects if job.bare)}:
                whole[name] = whole.get(name, True) and examined
        return sorted(
            entry
            for entry in self.entries - present
            if whole.get(entry.path or entry.source, not self._is_there(entry.path))
        )

    def _is_there(self, path: str) -> bool:
        return path in {"", "-"} or os.path.lexists(os.path.join(self.folder, path))  # noqa: PTH118 - as written


def can_be_old(finding: Finding) -> bool:
    """Whether a baseline may hold ``finding``."""
    unreadable = finding.rule in _UNREADABLE and finding.field is None
    return not finding.indeterminate and finding.rule not in _NEVER and not unreadable


def fingerprint(finding: Finding, source: str | None, name: str | None, *, folder: str) -> Fingerprint:
    """The key of ``finding`` about ``source``, in the row called ``name``, in a baseline in ``folder``."""
    return Fingerprint(
        path=_relative(finding.path, folder),
        id=name or "",
        field=finding.field or "",
        rule=finding.rule,
        source="" if source is None or source == finding.path else source,
    )


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises ``ConfigurationError`` for a file that is unreadable or not a baseline."""
    shown = printable(str(path))
    try:
        data = read_bounded(path, _MAX_BYTES)
    except NotRead as error:
        raise ConfigurationError(f"{shown}: the baseline cannot be read: {error.reason}") from error
    try:
        body = json.loads(data)
        if body["schema"] != SCHEMA:
            raise ConfigurationError(f"{shown}: its schema is {str(body['schema'])[:60]!r}; {SCHEMA!r} is known")
        entries = frozenset(_entry(row) for row in body["findings"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigurationError(
            Advice.of(f"{shown}: not a baseline", library="", command="; --write-baseline makes one")
        ) from error
    return Baseline(folder=os.path.dirname(os.path.abspath(path)), entries=entries)  # noqa: PTH100, PTH120 - no links


def baseline_object(report: Report, path: Path) -> dict[str, Any]:
    """The baseline with the findings of ``report``, except notes, as JSON for the file ``path``."""
    folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 - links are not followed
    found = {
        fingerprint(finding, _sources(job).get(finding.field), job.id, folder=folder)
        for job in report.jobs
        for finding in job.findings
        if can_be_old(finding) and finding.severity.label != "note"
    }
    rows = [{key: value for key, value in each._asdict().items() if value} for each in sorted(found)]
    return {"schema": SCHEMA, "findings": rows}


def _entry(row: dict[str, Any]) -> Fingerprint:
    entry = Fingerprint(**{name: row.get(name, "") for name in Fingerprint._fields})
    if not all(isinstance(part, str) for part in entry) or set(row) - set(Fingerprint._fields):
        raise ValueError("not an entry")
    return entry


def _all_of(job: JobReport, folder: str) -> Iterator[Fingerprint]:
    every: Iterable[Finding] = (*job.findings, *(each.finding for each in job.hidden))
    sources = _sources(job)
    return (fingerprint(finding, sources.get(finding.field), job.id, folder=folder) for finding in every)


def _sources(job: JobReport) -> dict[str | None, str]:
    return {subject.field: subject.source for subject in job.subjects}


def _relative(path: str | None, folder: str) -> str:
    if path is None or path == "-":
        return path or ""
    return os.path.relpath(path, folder).replace(os.sep, "/")
