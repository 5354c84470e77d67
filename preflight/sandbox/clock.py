"""The sandbox's own time, which may run faster than the world's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Clock:
    """Unix time that stood at ``origin`` when the state began, and since then passes ``speed`` times as fast."""

    def __init__(self, *, origin: float, speed: float, clock: Callable[[], float]) -> None:
        self._origin = origin
        self._speed = speed
        self._clock = clock

    def now(self) -> float:
        return self._origin + (self._clock() - self._origin) * self._speed

    def real(self, seconds: float) -> float:
        """How many real seconds ``seconds`` of this clock take."""
        return seconds / self._speed

    async def sleep_until(self, moment: float) -> None:
        """Return once this clock shows ``moment``."""
        while (left := moment - self.now()) > 0:  # noqa: ASYNC110 - a clock has no event; a timer may wake early
            await asyncio.sleep(self.real(left))
