"""The figures of a page over all its jobs. Memory does not grow with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from preflight.checking.site_of import site_of
from preflight.model import JobReport, Kind
from preflight.model.bins import EDGES, bin_of
from preflight.redact import shorten
from preflight.render.html.price_figures import OTHERS, PriceFigures
from preflight.render.objects.json_objects import shown_meta
from preflight.render.tabular.mode_rates import CreditsInModes
from preflight.specs import BUILT_IN, Specs

if TYPE_CHECKING:
    from preflight.model import Subject

_HOSTS = 1000
_SOURCES = 200_000
"""Files that are told apart, so that one which many jobs name is counted once; further ones are all counted."""


class Limits(NamedTuple):
    """What a model accepts without a warning: lengths in seconds, sizes in bytes."""

    shortest: Fraction
    longest: Fraction
    most_bytes: Mapping[Kind, int]


class Figures:
    """The figures over the jobs added so far, by the same bins as ``summary.json``: a bin holds its lower edge.

    ``rules`` and ``hosts`` count jobs by verdict, ``prices`` are grouped by the column ``by``, else by the job's file.
    ``beyond`` are the files of ``seconds`` and ``sizes`` that are outside the limits of their model.
    ``requests`` and ``bytes`` are what each host was asked for and sent, each file counted once.
    """

    def __init__(self, by: str | None = None, specs: Specs = BUILT_IN) -> None:
        self.specs = specs
        self.by = by
        self.seconds: Counter[int] = Counter()
        self.sizes: dict[Kind, Counter[int]] = {Kind.IMAGE: Counter(), Kind.VIDEO: Counter()}
        self.beyond: dict[Kind | str, Counter[int]] = {each: Counter() for each in ("seconds", *Kind)}
        self.rules: dict[str, Counter[str]] = {}
        self.hosts: dict[str, Counter[str]] = {}
        self.requests: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self._in_mode = CreditsInModes(specs)
        self._of_jobs, self._of_files = PriceFigures(), PriceFigures()
        self.models: Counter[str] = Counter()
        self._seen: set[int] = set()

    def add(self, job: JobReport, name: str) -> None:
        """Count one job more."""
        self.models[job.model] += 1
        verdict = job.verdict.value
        for rule in {finding.rule for finding in job.findings}:
            self.rules.setdefault(rule, Counter())[verdict] += 1
        for host in {site_of(subject) for subject in job.subjects}:
            self._host(host)[verdict] += 1
        for subject in job.subjects:
            self._add_reading(site_of(subject), subject.source, subject.transfer.requests, subject.transfer.bytes)
            self._add_facts(job.model, subject)
        self._in_mode.add(job)
        prices = self._of_files if job.bare else self._of_jobs
        prices.add(job.quote, group=self._group_of(job) if job.quote is not None else "", name=name)

    @property
    def has_only_files(self) -> bool:
        """Whether there is no job, only files by themselves."""
        return not self._of_jobs.count

    @property
    def prices(self) -> PriceFigures:
        """The prices of the jobs. A file by itself costs something only where no job is."""
        return self._of_files if self.has_only_files else self._of_jobs

    @property
    def in_mode(self) -> dict[str, Decimal]:
        """What the jobs would cost in each mode."""
        return self._in_mode.sums

    def _add_facts(self, model: str, subject: Subject) -> None:
        limits = limits_of(model, self.specs)
        if subject.facts is not None and subject.facts.size_bytes is not None:
            size = subject.facts.size_bytes
            lower = _lower_edge(f"{subject.kind.value}_bytes", size)
            self.sizes[subject.kind][lower] += 1
            if limits is not None and size > limits.most_bytes[subject.kind]:
                self.beyond[subject.kind][lower] += 1
        if subject.video is not None and subject.video.durations.plausible:
            length = subject.video.durations.plausible[0]
            second = _lower_edge("seconds", length)
            self.seconds[second] += 1
            if limits is not None and not limits.shortest <= length <= limits.longest:
                self.beyond["seconds"][second] += 1

    def _group_of(self, job: JobReport) -> str:
        if self.by is None:
            return shorten(job.path or "(files)", 100)
        if self.by in job.meta:
            return shorten(str(shown_meta(job)[self.by]), 100)
        own = {"verdict": job.verdict.value, "mode": job.quote.mode if job.quote else None, "id": job.id}
        own |= {"model": job.model, "path": job.path, "host": next(map(site_of, job.subjects), None)}
        return own.get(self.by) or "(none)"

    def _add_reading(self, host: str, source: str, requests: int, size: int) -> None:
        key = hash(source)
        if key in self._seen or not requests:
            return
        if len(self._seen) < _SOURCES:
            self._seen.add(key)
        known = host if host in self.hosts else OTHERS
        self.requests[known] += requests
        self.bytes[known] += size

    def _host(self, host: str) -> Counter[str]:
        known = host if host in self.hosts or len(self.hosts) < _HOSTS else OTHERS
        return self.hosts.setdefault(known, Counter())


@lru_cache(maxsize=16)
def limits_of(model: str, specs: Specs = BUILT_IN) -> Limits | None:
    """The limits of a model; ``None`` for one that is not known."""
    spec = specs.find(model)
    if spec is None:
        return None
    sizes = {Kind.IMAGE: spec.image.max_bytes.safe_bytes, Kind.VIDEO: spec.video.max_bytes.safe_bytes}
    return Limits(spec.video.min_seconds.value, spec.video.max_seconds.value, sizes)


def _lower_edge(name: str, value: float | Fraction) -> int:
    edges = EDGES[name]
    return edges[bin_of(edges, value)]
