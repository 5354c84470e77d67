"""The sentences and figures of a difference, which text and Markdown share."""

from __future__ import annotations

from decimal import Decimal
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from preflight.model.file_types import MANIFEST_SUFFIXES
from preflight.redact import printable
from preflight.units import dollars

if TYPE_CHECKING:
    from preflight.diff.difference import Amount, Difference, FactChange, FieldChange, Guardrail, JobChange
    from preflight.model import JobReport

MARKS: Final = {"added": "+", "removed": "−", "changed": "~"}
_ABSENT = "—"


def headline(found: Difference) -> str:
    """``3 jobs: 1 added, 2 changed; 720 → 1060 credits, +340 (+$1.70)``"""
    if not found.jobs:
        return "no job or media file changed"
    counts = [
        f"{sum(job.kind.value == kind for job in found.jobs)} {kind}"
        for kind in MARKS
        if any(job.kind.value == kind for job in found.jobs)
    ]
    noun = "file" if all(job.bare for job in found.jobs) else "job"
    several = f"{len(found.jobs)} {noun}{'' if len(found.jobs) == 1 else 's'}"
    text = f"{several}: {', '.join(counts)}"
    if any(job.counted for job in found.jobs):
        text += f"; {found.before.credits:f} → {found.after.credits:f} credits, {change(found.change)}"
    without = found.after.unpriced
    return f"{text}; {without} without a price" if without else text


def change(amount: Amount) -> str:
    """``+340 credits (+$1.70), between +310 and +370``"""
    text = f"{signed(amount.credits)} ({signed_dollars(amount.usd)})"
    return f"{text}, between {signed(amount.low)} and {signed(amount.high)}" if amount.low != amount.high else text


def signed(value: Decimal) -> str:
    """``+340``, ``−20``, ``0``"""
    return "0" if not value else f"{'+' if value > 0 else '−'}{abs(value):f}"


def signed_dollars(value: Decimal) -> str:
    """``+$1.70``"""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}${dollars(abs(value))}"


def name(job: JobChange) -> str:
    """``jobs/a.csv:3 (row-7)``"""
    text = printable(job.path or "")
    if job.line and PurePosixPath(job.path or "").suffix.lower() in MANIFEST_SUFFIXES:
        text += f":{job.line}"
    return f"{text} ({printable(job.id)})" if job.id else text


def verdicts(job: JobChange) -> str:
    """``pass → fail``, or one verdict where it is the same or on one side only."""
    before, after = _verdict(job.before), _verdict(job.after)
    return after if before == after else f"{before} → {after}"


def credits_of(job: JobChange) -> str:
    """``360 → 540``"""
    before, after = _credits(job.before), _credits(job.after)
    return after if before == after else f"{before} → {after}"


def price_change(job: JobChange, *, is_brief: bool = False) -> str:
    """``+180``, with its range unless ``is_brief``, and ``?`` where a side has no price."""
    if job.change.unpriced:
        return "?"
    if not is_brief and job.change.low != job.change.high:
        return f"{signed(job.change.credits)} ({signed(job.change.low)} to {signed(job.change.high)})"
    return signed(job.change.credits)


def field(each: FieldChange) -> str:
    """``input.mode: 720p → 1080p``"""
    return f"{printable(each.field)}: {_value(each.before)} → {_value(each.after)}"


def fact(each: FactChange) -> str:
    """``length of dance.mp4: 12 s → 18.4 s``"""
    return f"{each.fact} of {printable(each.source)}: {each.before or _ABSENT} → {each.after or _ABSENT}"


def guardrail(each: Guardrail) -> str:
    """``max-increase: 340 credits, at most 100 allowed``"""
    if each.value is None:
        return f"{each.name}: nothing to compare with"
    text = f"{each.name}: {each.value:f} {each.unit}, at most {each.limit:f} allowed"
    if each.at:
        text += f", at {printable(each.at)}"
    return text if each.certain else f"{text}; files without a price may add to it"


def _verdict(report: JobReport | None) -> str:
    return report.verdict.value if report else _ABSENT


def _credits(report: JobReport | None) -> str:
    if report is None:
        return _ABSENT
    return f"{report.quote.credits:f}" if report.quote else "no price"


def _value(value: object) -> str:
    if value is None:
        return _ABSENT
    return printable(value) if isinstance(value, str) else printable(repr(value))
