"""Bounds on what a change may cost. Prices count with the high end of their range: a bound is not a hope."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from preflight.diff.difference import Difference, Guardrail, JobChange, Level
from preflight.model.guardrail_names import CLIP_SECONDS, INCREASE, INCREASE_PERCENT, JOB_CREDITS, TOTAL
from preflight.units import plain, to_decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds that a user set; ``None`` for none. ``notify`` names those that only tell."""

    total: Decimal | None = None
    increase: Decimal | None = None
    increase_percent: Decimal | None = None
    job_credits: Decimal | None = None
    clip_seconds: Decimal | None = None
    notify: Collection[str] = ()


def guardrails(found: Difference, limits: Limits) -> Iterator[Guardrail]:
    """Each bound of ``limits``, held against ``found``."""
    before, after, change = found.before, found.after, found.change
    certain = not after.unpriced
    dearest = max(_counted(found), key=_high, default=None)
    longest = max(_counted(found), key=_seconds, default=None)
    percent = plain(_ratio(change.high * 100, before.credits)) if before.credits else None
    rows: tuple[tuple[str, Decimal | None, Decimal | None, str, JobChange | None], ...] = (
        (TOTAL, limits.total, after.high, "credits", None),
        (INCREASE, limits.increase, change.high, "credits", None),
        (INCREASE_PERCENT, limits.increase_percent, percent, "%", None),
        (JOB_CREDITS, limits.job_credits, _high(dearest) if dearest else None, "credits", dearest),
        (CLIP_SECONDS, limits.clip_seconds, _seconds(longest) if longest else None, "s", longest),
    )
    for name, limit, value, unit, job in rows:
        if limit is not None:
            yield Guardrail(
                name=name,
                limit=limit,
                value=value,
                unit=unit,
                level=Level.NOTIFY if name in limits.notify else Level.BLOCK,
                at=_place(job) if job else None,
                certain=certain,
            )


def _ratio(value: Decimal, of: Decimal) -> Decimal:
    """``value`` divided by ``of``, to one place."""
    return (value / of).quantize(Decimal("0.1"))


def _counted(found: Difference) -> list[JobChange]:
    return [job for job in found.jobs if job.after is not None]


def _high(job: JobChange) -> Decimal:
    return job.after.quote.high if job.after and job.after.quote else Decimal(0)


def _seconds(job: JobChange) -> Decimal:
    return to_decimal(job.after.quote.seconds) if job.after and job.after.quote else Decimal(0)


def _place(job: JobChange) -> str:
    return f"{job.path} ({job.id})" if job.id else job.path or ""
