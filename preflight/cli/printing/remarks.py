"""Remarks beside a report on standard error, and writing a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from preflight.checking.baseline import Baseline, baseline_object, can_be_old
from preflight.checking.suppressions import rules_named
from preflight.checking.verdict import report_without
from preflight.cli.exit_codes import Exit
from preflight.cli.outcomes import exit_of
from preflight.cli.printing.output import emit
from preflight.cli.printing.terminal import remark
from preflight.errors import ConfigurationError
from preflight.model import IgnoreComment, Report
from preflight.redact import printable
from preflight.render.objects.json_text import to_json
from preflight.rules import Trait, rules_with

_LISTED = 10
"""Most fixed findings of a baseline that a remark names."""


def keep_as_baseline(report: Report, path: str, *, quiet: bool) -> Exit:
    """Write the findings into a baseline; the exit code is that of findings that no baseline may hold."""
    baseline = baseline_object(report, Path(path))
    emit(to_json(baseline), path)
    if not quiet:
        remark(f"{_counted(len(baseline['findings']), 'finding')} written to {path}")
    return exit_of(report_without(report, can_be_old))


def remarks(
    report: Report, empty: Iterable[str], commented: Iterable[tuple[str, IgnoreComment]], baseline: Baseline | None
) -> Iterator[str]:
    """The remarks beside a report: empty places, comments without effect, fixed findings."""
    yield from empty
    for path, comment in commented:
        yield from _about(path, comment, report)
    if baseline is not None and (stale := baseline.stale(report)):
        fixed = "1 finding of the baseline is" if len(stale) == 1 else f"{len(stale)} findings of the baseline are"
        yield f"{fixed} fixed; --write-baseline brings it up to date"
        yield from (f"  {entry}" for entry in stale[:_LISTED])
        if len(stale) > _LISTED:
            yield f"  and {len(stale) - _LISTED} more"


def _about(path: str, comment: IgnoreComment, report: Report) -> Iterator[str]:
    place = f"{printable(path)}:{comment.line}"
    if not comment.rules:
        yield f"{place}: this comment names no rule and has no effect; write # preflight: ignore[RULE]"
    hidden = {
        each.finding.rule
        for job in report.jobs
        if job.path == path
        for each in job.hidden
        if each.by == "comment" and comment.covers(each.finding.line)
    }
    for name in comment.rules:
        try:
            rules = rules_named([name])
            if rules <= rules_with(Trait.BUDGET):
                yield f"{place}: a comment cannot switch off a budget: {name} still counts"
            elif not rules & hidden:
                yield f"{place}: unused comment: {name} finds nothing here"
        except ConfigurationError as error:
            yield f"{place}: {printable(str(error))}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
