"""From findings to a verdict: of a finding, a file, a job, a run. The one place that decides it.

``FAIL`` over ``INDETERMINATE`` over ``PASS``. An ignored finding is not shown and does not fail, but a file that could
not be examined never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from preflight.model import Family, Finding, JobReport, Severity, Subject, Verdict
from preflight.model.frozen import frozen
from preflight.rules import RULES, Area, Trait, rules_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.checking.suppressions import Sorted
    from preflight.model import Hidden, Report

_BUDGET = rules_with(Trait.BUDGET)
_POINTER = rules_with(Trait.POINTER)
_PRICE = frozenset(rule.id for rule in RULES if rule.area is Area.PRICE)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole from those of its parts; ``PASS`` without parts."""
    found = Verdict.PASS
    for verdict in verdicts:
        if verdict is Verdict.FAIL:
            return verdict
        if verdict is Verdict.INDETERMINATE:
            found = verdict
    return found


def verdict_of_finding(finding: Finding, fail_on: Severity) -> Verdict:
    """The verdict of one finding, which fails from severity ``fail_on`` up."""
    if finding.indeterminate:
        return Verdict.INDETERMINATE
    return Verdict.FAIL if finding.severity >= fail_on else Verdict.PASS


def verdict_of(findings: Iterable[Finding], fail_on: Severity) -> Verdict:
    """The verdict that ``findings`` add up to."""
    return worst(verdict_of_finding(finding, fail_on) for finding in findings)


def verdict_of_job(
    found: Sorted,
    subjects: Sequence[Subject],
    *,
    fail_on: Severity,
    offline: bool,
    is_let_go: Callable[[Hidden], bool],
) -> Verdict:
    """The verdict of a job, or of a file by itself, from what was ``found`` and how far its files were examined.

    There is one exception to the rule above, which a user asks for by name: a file that is on another machine does
    not count where ``is_let_go`` says that the user ignores the rule of its finding.
    """
    left_out = any(each.finding.rule in _POINTER and is_let_go(each) for each in found.hidden)
    counted = [finding for finding in found.counted if not (left_out and finding.rule in _POINTER)]
    judged = [subject for subject in subjects if not (left_out and _is_not_fetched(subject))]
    unexamined = not offline and not all(map(_is_examined, judged))
    return worst((verdict_of(counted, fail_on), Verdict.INDETERMINATE if unexamined else Verdict.PASS))


def verdict_of_subject(job: JobReport, subject: Subject) -> Verdict:
    """The verdict of one file of ``job``: of the findings about its field, hidden ones too that left it unexamined.

    A price is that of the job: nothing is wrong with the clip of a job that is over its budget. A URL that was not
    opened is indeterminate, although the job may pass an offline check of all that can be read.
    """
    about = (
        finding
        for finding in _counted(job, job.findings)
        if finding.field == subject.field and finding.rule not in _PRICE
    )
    return worst((verdict_of(about, job.fail_on), Verdict.INDETERMINATE if subject.unopened else Verdict.PASS))


def report_without(report: Report, is_old: Callable[[Finding], bool]) -> Report:
    """``report`` with its verdicts when old findings do not count."""
    jobs = tuple(_job_without(job, is_old) for job in report.jobs)
    return replace(report, jobs=jobs, verdict=worst(job.verdict for job in jobs))


def _job_without(job: JobReport, is_old: Callable[[Finding], bool]) -> JobReport:
    left = tuple(finding for finding in job.findings if not is_old(finding))
    verdict = verdict_of(_counted(job, left), job.fail_on) if job.verdict is Verdict.FAIL else job.verdict
    return replace(job, findings=left, verdict=verdict)


@frozen
class Outcome:
    """What an exit code needs to know of a run. ``over_budget``: a job may cost more than the user's bound."""

    jobs: int
    verdict: Verdict
    over_budget: bool


def outcome_of(jobs: Iterable[JobReport]) -> Outcome:
    """The outcome of ``jobs``, none of which is kept: memory does not grow with their number."""
    count, verdicts, over_budget = 0, set[Verdict](), False
    for job in jobs:
        count += 1
        verdicts.add(job.verdict)
        over_budget = over_budget or is_over_budget(job)
    return Outcome(jobs=count, verdict=worst(verdicts), over_budget=over_budget)


def is_over_budget(job: JobReport) -> bool:
    """Whether a job may cost more than the user's bound, which has an exit code of its own."""
    return any(finding.rule in _BUDGET for finding in job.findings)


def _counted(job: JobReport, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return (*findings, *(each.finding for each in job.hidden if each.finding.indeterminate))


def _is_examined(subject: Subject) -> bool:
    """Whether the file's size or length is known: without either, no limit was checked."""
    if subject.image is not None:
        return subject.image.width is not None
    return subject.video is not None and bool(subject.video.durations.plausible)


def _is_not_fetched(subject: Subject) -> bool:
    """Whether a file on this disk is a Git LFS pointer. At a URL the service would get the pointer, so it is judged."""
    return subject.address is None and subject.facts is not None and subject.facts.family is Family.POINTER
