"""The credits of a job in every mode of its service, whatever mode it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from preflight.model import JobReport
from preflight.specs import load_spec, model_names
from preflight.units import to_decimal


def credits_in_modes(job: JobReport) -> Iterator[tuple[str, Decimal]]:
    """Each mode with the credits for the seconds that are billed; nothing for a job without a price."""
    if job.quote is not None and job.quote.credits_per_second is not None:
        billed = Fraction(job.quote.billed_seconds)
        for mode, rate in _rates(job.model):
            yield mode, to_decimal(billed * Fraction(rate))


@lru_cache(maxsize=16)
def _rates(model: str) -> tuple[tuple[str, Decimal], ...]:
    return tuple(load_spec(model).price.credits_per_second.items()) if model in model_names() else ()
