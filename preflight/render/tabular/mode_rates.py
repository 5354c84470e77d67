"""The credits of a job in every mode of its service, whatever mode it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from preflight.model import JobReport
from preflight.specs import BUILT_IN, ClipPrice, Specs
from preflight.units import to_decimal

_MODELS = 2
"""Models that are told apart: one, or several."""


def credits_in_modes(job: JobReport, specs: Specs = BUILT_IN) -> Iterator[tuple[str, Decimal]]:
    """Each mode with the credits for the seconds that are billed; nothing for a job without a price."""
    quote = job.quote
    if quote is None:
        return
    if quote.credits_per_second is None:
        for clip in _clips(job.model, specs):
            if clip.seconds is None or clip.seconds == quote.seconds:
                yield clip.mode, clip.credits
        return
    billed = Fraction(quote.billed_seconds)
    for mode, rate in _rates(job.model, specs):
        yield mode, to_decimal(billed * Fraction(rate))


class CreditsInModes:
    """The credits of many jobs in every mode. A file by itself costs something only where no job is."""

    def __init__(self, specs: Specs = BUILT_IN) -> None:
        self._specs = specs
        self._of_jobs: dict[str, Decimal] = {}
        self._of_files: dict[str, Decimal] = {}
        self._has_jobs = False
        self._models: set[str] = set()

    def add(self, job: JobReport) -> None:
        """Count one job more."""
        self._has_jobs = self._has_jobs or not job.bare
        sums = self._of_files if job.bare else self._of_jobs
        for mode, credits_ in credits_in_modes(job, self._specs):
            if len(self._models) < _MODELS:
                self._models.add(job.model)
            sums[mode] = sums.get(mode, Decimal(0)) + credits_

    @property
    def sums(self) -> dict[str, Decimal]:
        """The credits of all jobs, by mode; nothing where they are of several models, whose modes differ."""
        if len(self._models) > 1:
            return {}
        return self._of_jobs if self._has_jobs else self._of_files


@lru_cache(maxsize=16)
def _clips(model: str, specs: Specs) -> tuple[ClipPrice, ...]:
    spec = specs.find(model)
    return () if spec is None else tuple(clip for clip in spec.price.clips if clip.mode)


@lru_cache(maxsize=16)
def _rates(model: str, specs: Specs) -> tuple[tuple[str, Decimal], ...]:
    spec = specs.find(model)
    return () if spec is None else tuple((mode, rate) for mode, rate in spec.price.credits_per_second.items() if mode)
