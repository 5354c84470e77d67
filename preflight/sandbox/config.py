"""The options of a sandbox."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from preflight.errors import ConfigurationError
from preflight.sandbox.billing import Tariff
from preflight.sandbox.faults import Armed
from preflight.specs import Spec

Prober: TypeAlias = Callable[[str], Awaitable[Fraction]]
"""Reads the clip at a URL and returns its length in seconds; raises ``PreflightError`` when it cannot."""

MAX_SPEED = 1_000_000
RESULT = Path(__file__).parent / "media" / "result.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of a sandbox. All times are seconds of the sandbox's clock unless noted.

    ``prober`` measures the reference video, as the service does; ``image_prober``, if given, looks at the reference
    image and raises ``PreflightError`` when it is not one. Both get ``probe_timeout`` real seconds.
    ``credits`` is the opening balance; ``state`` is the file that keeps account and tasks (``None``: in memory).
    ``speed`` is how many sandbox seconds pass in a real one; ``clock`` is Unix time. A task is pending for
    ``pending_seconds``, then processing for ``processing_seconds``; then ``result`` is its result.
    A callback has ``callback_timeout`` real seconds to be taken. ``seed`` decides which requests a fault of some rate
    hits; ``faults`` are armed from the start. ``specs`` are further models that the sandbox takes jobs for. Raises
    ``ConfigurationError`` for a clock that does not go forward.
    """

    prober: Prober
    image_prober: Callable[[str], Awaitable[object]] | None = None
    tariff: Tariff = field(default_factory=Tariff)
    credits: Decimal = Decimal(10_000)
    state: Path | None = None
    speed: float = 1.0
    clock: Callable[[], float] = time.time
    pending_seconds: float = 5.0
    processing_seconds: float = 55.0
    result: Path = RESULT
    probe_timeout: float = 60.0
    callback_timeout: float = 10.0
    seed: int = 0
    faults: tuple[Armed, ...] = ()
    specs: tuple[Spec, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.speed <= MAX_SPEED:
            raise ConfigurationError(f"the sandbox's speed must be above 0 and at most {MAX_SPEED}, not {self.speed}")
