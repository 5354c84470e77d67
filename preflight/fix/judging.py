"""What a check of a file means for its repair: findings worth saying, and whether a file is what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from preflight.errors import MissingExtra
from preflight.fix.outcome import FixState, Outcome
from preflight.fix.plan import Plan
from preflight.fix.recipe import ImageRecipe, Recipe
from preflight.fix.repairs import Repair
from preflight.model import Finding, JobReport, Severity, Verdict
from preflight.model.target import is_url


def complaint(again: JobReport, rows: Sequence[Repair], fail_on: Severity) -> str | None:
    """Why a result is not kept; ``None`` for one that passes and has none of the repaired findings."""
    meant = {row.rule for row in rows}
    for finding in again.findings:
        if finding.severity <= Severity.NOTE and finding.rule not in meant:
            continue
        if finding.indeterminate or finding.severity >= fail_on or finding.rule in meant:
            return f"the result was not kept, because it does not pass: {finding.rule}: {finding.message}"
    if again.verdict is not Verdict.PASS:
        return "the result was not kept, because it could not be examined"
    return None


def untried(report: JobReport, made: Plan) -> FixState:
    match report.verdict:
        case Verdict.PASS:
            return FixState.SOUND
        case Verdict.INDETERMINATE if not made.withheld:
            return FixState.UNEXAMINED
        case Verdict.FAIL | Verdict.INDETERMINATE:
            return FixState.UNREPAIRED


def lacking(about: Outcome, report: JobReport, error: MissingExtra) -> Outcome:
    return replace(
        about, state=FixState.UNREPAIRED, findings=worth_saying(report), reason=str(error), extra=error.extra
    )


def worth_saying(report: JobReport) -> tuple[Finding, ...]:
    return tuple(finding for finding in report.findings if finding.severity > Severity.NOTE)


def container_after(recipe: Recipe | None, report: JobReport) -> str:
    """The container of a file after a recipe, or its own without one."""
    if isinstance(recipe, ImageRecipe):
        return recipe.container
    facts = report.subjects[0].facts
    return "MP4" if recipe is not None or facts is None or facts.container is None else facts.container


def version_of(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def as_source(file: Path) -> str:
    """A path for the engine, which would read ``a:b.png`` as a URL."""
    return f"./{file}" if is_url(str(file)) else str(file)


def is_later(result: Path, source: Path) -> bool:
    """Whether ``result`` is a plain file that was written after ``source``."""
    try:
        return not result.is_symlink() and result.is_file() and result.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:
        return False
