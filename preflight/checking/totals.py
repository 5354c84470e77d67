"""Adds up the jobs of a run, keeping none of them: counts, verdict, price. Memory does not grow with the jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from preflight.checking.verdict import Outcome, is_over_budget, worst
from preflight.model import JobReport, Severity, Verdict
from preflight.model.named_tuple import NamedTuple
from preflight.pricing import Sum
from preflight.rules import are_swapped

if TYPE_CHECKING:
    from preflight.model import TotalQuote


HIDERS: Final = ("baseline", "comment", "path")
"""What hides findings of rules that are checked: a baseline, a comment in a job file, a setting for some files."""


def hidden_findings(job: JobReport) -> Counter[str]:
    """How many findings of ``job`` are hidden, by what hides them. Rules that an option leaves out do not count."""
    return Counter(each.by for each in job.hidden if each.by in HIDERS)


def all_hidden(jobs: Iterable[JobReport]) -> Counter[str]:
    """The same of all ``jobs``."""
    return sum(map(hidden_findings, jobs), Counter())


class Failing(NamedTuple):
    """The priced jobs that fail, which nobody will pay for: their number and their credits."""

    jobs: int = 0
    credits: Decimal = Decimal(0)

    def plus(self, job: JobReport) -> Failing:
        if job.quote is None or job.verdict is not Verdict.FAIL:
            return self
        return Failing(self.jobs + 1, self.credits + job.quote.credits)


class Totals:
    """The sums over the jobs added so far."""

    def __init__(self) -> None:
        self._passes = self._fails = self._untold = 0
        self.rules: Counter[str] = Counter()
        """How many findings each rule has, notes left out."""
        self.unopened = 0
        """URLs by themselves that were not opened: their verdict is a pass, and nobody calls them one."""
        self.warned = 0
        """Jobs that pass with a warning or an error that does not count."""
        self.swapped = 0
        """Jobs with a clip as the image and a picture as the video."""
        self.skipped: Counter[str] = Counter()
        """Files of folders that are neither media nor jobs, by suffix; whoever finds the files sets it."""
        self.hidden: Counter[str] = Counter()
        """Findings that are not shown although their rule is checked, by what hides them: ``HIDERS``."""
        self._over_budget = False
        self._of_jobs, self._of_files = Sum(), Sum()
        self._failing_jobs, self._failing_files = Failing(), Failing()

    def add(self, job: JobReport) -> None:
        """Count one job more."""
        verdict = job.verdict
        if verdict is Verdict.PASS:
            self._passes += 1
            self.unopened += job.bare and bool(job.subjects) and all(subject.unopened for subject in job.subjects)
        elif verdict is Verdict.FAIL:
            self._fails += 1
        else:
            self._untold += 1
        if job.findings:
            self.swapped += are_swapped(job.subjects)
            worth_telling = [finding.rule for finding in job.findings if finding.severity > Severity.NOTE]
            self.rules.update(worth_telling)
            self.warned += verdict is Verdict.PASS and bool(worth_telling)
            self._over_budget = self._over_budget or is_over_budget(job)
        if job.hidden:
            self.hidden.update(hidden_findings(job))
        if not job.bare:
            self._of_jobs.add(job.quote)
            self._failing_jobs = self._failing_jobs.plus(job)
        elif job.quote is not None:
            self._of_files.add(job.quote)
            self._failing_files = self._failing_files.plus(job)

    @property
    def jobs(self) -> int:
        return self._passes + self._fails + self._untold

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """How many jobs have each verdict."""
        return {Verdict.PASS: self._passes, Verdict.FAIL: self._fails, Verdict.INDETERMINATE: self._untold}

    @property
    def verdict(self) -> Verdict:
        return worst(verdict for verdict, count in self.verdicts.items() if count)

    @property
    def outcome(self) -> Outcome:
        return Outcome(jobs=self.jobs, verdict=self.verdict, over_budget=self._over_budget)

    @property
    def has_jobs(self) -> bool:
        """Whether any of them is a job: a file by itself costs something only where none is."""
        return self._of_jobs.count > 0

    @property
    def quote(self) -> TotalQuote | None:
        """The price of all jobs; ``None`` where nothing has a price."""
        return (self._of_jobs if self.has_jobs else self._of_files).total()

    @property
    def failing(self) -> Failing:
        """The part of ``quote`` that is for jobs that fail."""
        return self._failing_jobs if self.has_jobs else self._failing_files


def totals_of(jobs: Iterable[JobReport]) -> Totals:
    """The sums over ``jobs``."""
    totals = Totals()
    for job in jobs:
        totals.add(job)
    return totals
