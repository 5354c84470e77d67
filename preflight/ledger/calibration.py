"""How the service rounds, from what it charged: its docs do not say, balances do.

An observation is a submission whose charge was seen while nothing else ran. It is compared with every policy of the
spec, on every clock of its clip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Literal, TypeAlias

from preflight.errors import SpecError
from preflight.ledger import Entry
from preflight.specs import BUILT_IN, UNBOUNDED, Rounding, Specs
from preflight.units import round_seconds

CreditRounding: TypeAlias = Literal["as they are", "up", "nearest", "down"]

_ROUNDED: Mapping[CreditRounding, Callable[[Fraction], Fraction]] = {
    "as they are": lambda amount: amount,
    "up": lambda amount: Fraction(ceil(amount)),
    "nearest": lambda amount: Fraction(floor(amount + Fraction(1, 2))),
    "down": lambda amount: Fraction(floor(amount)),
}
_WHOLE: tuple[CreditRounding, ...] = ("as they are",)
"""Whole seconds leave a whole price, or one that no service was seen to round."""

_SMALLEST = Fraction(1, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The charge, in credits, for a clip with these ``clocks`` (seconds, by name)."""

    entry_id: int
    charged: Decimal
    credits_per_second: Decimal
    cap_seconds: Fraction
    clocks: Mapping[str, Fraction]
    policies: tuple[Rounding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way in which the service may reckon, and how many of the observations it explains.

    ``credits`` is what it does with the fraction of a credit that an exact length leaves.
    """

    rounding: Rounding
    clock: str
    credits: CreditRounding
    fits: int
    of: int

    @property
    def explains_all(self) -> bool:
        return self.fits == self.of > 0


def observations_of(entries: Iterable[Entry], specs: Specs = BUILT_IN) -> tuple[Observation, ...]:
    """The entries whose charge was seen, the oldest first; none of a model or a price that is no longer known."""
    seen = (
        _observation(entry, entry.charged, specs) for entry in entries if entry.charged is not None and entry.clocks
    )
    return tuple(sorted((each for each in seen if each), key=lambda observation: observation.entry_id))


def candidates(observations: Sequence[Observation]) -> tuple[Candidate, ...]:
    """Every policy on every clock that all clips have, those that explain most first."""
    if not observations:
        return ()
    clocks = [clock for clock in observations[0].clocks if all(clock in each.clocks for each in observations)]
    policies = dict.fromkeys(policy for each in observations for policy in each.policies)
    found = [
        Candidate(
            rounding=policy,
            clock=clock,
            credits=credits_,
            fits=sum(_explains(each, policy, clock, credits_) for each in observations),
            of=len(observations),
        )
        for policy in policies
        for clock in clocks
        for credits_ in (_ROUNDED if policy == "exact" else _WHOLE)
    ]
    return tuple(sorted(found, key=lambda candidate: -candidate.fits))


def policies_that_fit(found: Iterable[Candidate]) -> tuple[Rounding, ...]:
    """The policies that explain every observation on some clock."""
    return tuple(dict.fromkeys(candidate.rounding for candidate in found if candidate.explains_all))


def telling_seconds(policies: Sequence[Rounding]) -> Fraction | None:
    """A length, in seconds, of which each of ``policies`` would charge something else; ``None`` for one policy."""
    lengths = (Fraction(8) + Fraction(part, 8) for part in (3, 5, 1, 7))
    return next((each for each in lengths if len({round_seconds(each, policy) for policy in policies}) > 1), None)


def _observation(entry: Entry, charged: Decimal, specs: Specs) -> Observation | None:
    try:
        price = specs.load(entry.model).price
        if price.basis != "reference":
            return None  # nothing is rounded
        return Observation(
            entry_id=entry.id,
            charged=charged,
            credits_per_second=Decimal(str(entry.quote["credits_per_second"])),
            cap_seconds=price.cap(str(entry.quote["orientation"])) or UNBOUNDED,
            clocks={name: Fraction(seconds) for name, seconds in entry.clocks.items()},
            policies=price.rounding_policies,
        )
    except (SpecError, KeyError, ValueError, ArithmeticError):
        return None


def _explains(observation: Observation, policy: Rounding, clock: str, credits_: CreditRounding) -> bool:
    seconds = round_seconds(min(observation.clocks[clock], observation.cap_seconds), policy)
    expected = _ROUNDED[credits_](seconds * Fraction(observation.credits_per_second))
    # A balance is told to some decimals, and 10/3 s has no end.
    return abs(expected - Fraction(observation.charged)) <= _SMALLEST
