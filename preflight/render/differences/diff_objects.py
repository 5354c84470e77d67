"""``preflight.diff/v1``, and a report of the new findings alone for formats that know only findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from preflight.checking.verdict import worst
from preflight.model import JobReport, Report
from preflight.redact import redact, shown_path
from preflight.render.objects.json_objects import finding_object, number, quote_object
from preflight.units import dollars

if TYPE_CHECKING:
    from preflight.diff.difference import Amount, Difference, Guardrail, JobChange, Subtotal

DIFF: Final = "preflight.diff/v1"
WORKING_TREE: Final = "working tree"


def diff_object(found: Difference) -> dict[str, Any]:
    """``diff``: each changed job, the price before and after, and the guardrails."""
    return {
        "schema": DIFF,
        "base": found.base,
        "head": found.head or WORKING_TREE,
        "jobs": [job_change_object(job) for job in found.jobs],
        "credits": amounts_object(found),
        "groups": [{"name": group.name, "jobs": group.jobs, **amounts_object(group)} for group in found.groups],
        "guardrails": [_guardrail(each) for each in found.guardrails],
        "remarks": list(found.remarks),
    }


def job_change_object(job: JobChange) -> dict[str, Any]:
    """One changed job, and one line of ``jsonl``."""
    return {
        "change": job.kind.value,
        "path": shown_path(job.path) if job.path else None,
        "old_path": shown_path(job.old_path) if job.old_path else None,
        "line": job.line,
        "id": redact(job.id) if job.id else None,
        "bare": job.bare,
        "group": job.group,
        "fields": [{"field": each.field, "before": each.before, "after": each.after} for each in job.fields],
        "facts": [
            {
                "field": each.field,
                "source": each.source,
                "fact": each.fact,
                "before": each.before,
                "after": each.after,
            }
            for each in job.facts
        ],
        "verdict": {"before": _verdict(job.before), "after": _verdict(job.after)},
        "quote": {
            "before": quote_object(job.before.quote) if job.before else None,
            "after": quote_object(job.after.quote) if job.after else None,
        },
        "credits": {**_range(job.change), "counted": job.counted},
        "findings": {
            "new": [finding_object(each) for each in job.new],
            "fixed": [finding_object(each) for each in job.fixed],
            "old": [finding_object(each) for each in job.old],
        },
    }


def amounts_object(found: Difference | Subtotal) -> dict[str, Any]:
    """The price before and after, and the difference with its range."""
    return {
        "before": number(found.before.credits),
        "after": number(found.after.credits),
        **_range(found.change),
        "before_high": number(found.before.high),
        "after_high": number(found.after.high),
        "usd_before": dollars(found.before.usd),
        "usd_after": dollars(found.after.usd),
        "unpriced_before": found.before.unpriced,
        "unpriced_after": found.after.unpriced,
    }


def report_of_new(jobs: Sequence[JobChange]) -> Report:
    """A report of the jobs that are there now, with their new findings only."""
    reports = tuple(replace(job.after, findings=job.new) for job in jobs if job.after is not None)
    return Report(jobs=reports, verdict=worst(report.verdict for report in reports))


def _range(change: Amount) -> dict[str, Any]:
    if change.unpriced and not (change.credits or change.low or change.high):
        return dict.fromkeys(("change", "change_low", "change_high", "usd_change"))
    return {
        "change": number(change.credits),
        "change_low": number(change.low),
        "change_high": number(change.high),
        "usd_change": dollars(change.usd),
    }


def _guardrail(each: Guardrail) -> dict[str, Any]:
    return {
        "name": each.name,
        "limit": number(each.limit),
        "value": None if each.value is None else number(each.value),
        "unit": each.unit,
        "level": each.level.value,
        "at": None if each.at is None else shown_path(each.at),
        "certain": each.certain,
        "tripped": each.tripped,
    }


def _verdict(report: JobReport | None) -> str | None:
    return report.verdict.value if report else None
