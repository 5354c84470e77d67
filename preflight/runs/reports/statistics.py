"""Figures over the jobs of a report: by group, by rule, by host, and how lengths, sizes and prices are spread."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any, Final

from preflight.checking.site_of import site_of
from preflight.checking.totals import Totals
from preflight.model import JobReport, Kind, Verdict
from preflight.redact import redact
from preflight.render.objects.json_objects import shown_meta, total_object
from preflight.render.tabular.mode_rates import CreditsInModes
from preflight.runs.on_disk.histogram import histograms
from preflight.specs import BUILT_IN, Specs
from preflight.units import plain

OTHERS: Final = "(others)"
_GROUPS = 100_000
"""Groups that are told apart; further ones are added up together."""
_HOSTS = 1000
_OWN = ("verdict", "mode", "model", "path", "id", "host")
"""What jobs can be grouped by without a column of that name."""


class Group:
    """The jobs of one group: verdicts and price, and the price in every mode of the service."""

    def __init__(self, specs: Specs = BUILT_IN) -> None:
        self.totals = Totals()
        self._in_mode = CreditsInModes(specs)

    def add(self, job: JobReport) -> None:
        """Count one job more."""
        self.totals.add(job)
        self._in_mode.add(job)

    @property
    def in_mode(self) -> dict[str, Decimal]:
        """What the jobs would cost in each mode."""
        return self._in_mode.sums

    @property
    def priced(self) -> int:
        """Jobs that have a price."""
        quote = self.totals.quote
        return 0 if quote is None else self.totals.jobs - self.unpriced

    @property
    def unpriced(self) -> int:
        """Jobs that have none: they are not free."""
        quote = self.totals.quote
        return self.totals.jobs if quote is None else quote.unpriced

    def to_object(self) -> dict[str, Any]:
        """The group as JSON."""
        verdicts = self.totals.verdicts
        return {
            "jobs": self.totals.jobs,
            "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
            "priced": self.priced,
            "unpriced": self.unpriced,
            "quote": total_object(self.totals.quote),
            "credits_in_mode": {mode: f"{plain(credits_):f}" for mode, credits_ in self.in_mode.items()},
        }


class Groups:
    """The jobs by the values of one column: of the author's own, or one of what every job has."""

    def __init__(self, column: str, specs: Specs = BUILT_IN) -> None:
        self.column = column
        self._specs = specs
        self.found: dict[str, Group] = {}
        self.is_known = False
        """Whether any job has this column."""

    def add(self, job: JobReport) -> None:
        """Count one job more."""
        value = self._value(job)
        self.is_known = self.is_known or value is not None
        name = "" if value is None else redact(value, longest=100)
        if name not in self.found and len(self.found) >= _GROUPS:
            name = OTHERS
        self.found.setdefault(name, Group(self._specs)).add(job)

    def _value(self, job: JobReport) -> str | None:
        if self.column in job.meta:
            value = shown_meta(job)[self.column]
            return value if isinstance(value, str) else _plain(value)
        if self.column not in _OWN:
            return None
        match self.column:
            case "verdict":
                return job.verdict.value
            case "mode":
                return job.quote.mode if job.quote else None
            case "host":
                return next(map(site_of, job.subjects), None)
            case name:
                found: str | None = getattr(job, name)
                return found


class Statistics:
    """Verdicts by rule and by host, and histograms of seconds, sizes and credits. Memory does not grow with jobs."""

    def __init__(self) -> None:
        self.rules: dict[str, Counter[str]] = {}
        self.hosts: dict[str, Counter[str]] = {}
        self.histograms = histograms()
        self.bytes = 0
        self.requests = 0
        self._sums: Counter[str] = Counter()

    def add(self, job: JobReport) -> None:
        """Count one job more."""
        verdict = job.verdict.value
        for rule in {finding.rule for finding in job.findings}:
            self.rules.setdefault(rule, Counter())[verdict] += 1
        for host in set(map(site_of, job.subjects)):
            known = host if host in self.hosts or len(self.hosts) < _HOSTS else OTHERS
            self.hosts.setdefault(known, Counter())[verdict] += 1
        for subject in job.subjects:
            self.bytes += subject.transfer.bytes
            self.requests += subject.transfer.requests
            if subject.facts is not None and subject.facts.size_bytes is not None:
                name = "image_bytes" if subject.kind is Kind.IMAGE else "video_bytes"
                self.histograms[name].add(subject.facts.size_bytes)
            if subject.video is not None and subject.video.durations.plausible:
                self.histograms["seconds"].add(float(subject.video.durations.plausible[0]))
        if job.quote is not None:
            self.histograms["credits"].add(float(job.quote.credits))

    def to_object(self) -> dict[str, Any]:
        """The figures as JSON, with the keys of ``summary.json``."""
        return {
            "rules": {rule: dict(counts) for rule, counts in sorted(self.rules.items())},
            "hosts": {host: dict(counts) for host, counts in sorted(self.hosts.items())},
            "histograms": {name: histogram.to_object() for name, histogram in self.histograms.items()},
            "bytes": self.bytes,
            "requests": self.requests,
        }


def _plain(value: object) -> str | None:
    return None if value is None else json.dumps(value)
