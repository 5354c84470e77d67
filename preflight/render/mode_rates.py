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


class CreditsInModes:
    """The credits of many jobs in every mode. A file by itself costs something only where no job is."""

    def __init__(self) -> None:
        self._of_jobs: dict[str, Decimal] = {}
        self._of_files: dict[str, Decimal] = {}
        self._has_jobs = False

    def add(self, job: JobReport) -> None:
        """Count one job more."""
        self._has_jobs = self._has_jobs or not job.bare
        sums = self._of_files if job.bare else self._of_jobs
        for mode, credits_ in credits_in_modes(job):
            sums[mode] = sums.get(mode, Decimal(0)) + credits_

    @property
    def sums(self) -> dict[str, Decimal]:
        """The credits of all jobs, by mode."""
        return self._of_jobs if self._has_jobs else self._of_files


@lru_cache(maxsize=16)
def _rates(model: str) -> tuple[tuple[str, Decimal], ...]:
    return tuple(load_spec(model).price.credits_per_second.items()) if model in model_names() else ()
