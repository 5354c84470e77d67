"""When one reading asks its server again: reading is a GET, so another try costs nothing but time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from preflight.errors import HttpStatus, Unreachable
from preflight.sources.limits import BACKOFF_S
from preflight.sources.request_log import log_wait

_PASSING = frozenset({429, 503})
"""Statuses that say "not now". Any other refusal stays one."""


def chance() -> float:
    """A value in [0, 1)."""
    from random import random  # hardly any reading needs it

    return random()  # noqa: S311 - spreads waits out, and protects nothing


class Retries:
    """The further tries of one reading, at most ``most``, of which it has ``used`` some.

    One is for a connection that breaks or is silent, and one for a 429 or 503 that does not say how long to wait.
    ``seconds_left`` is the time to the deadline: what is asked for later is not waited for.
    """

    def __init__(
        self,
        most: int,
        *,
        seconds_left: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = chance,
    ) -> None:
        self.used = 0
        self._most = most
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._random = random
        self._may_back_off = True
        self._may_break = True

    @property
    def allow_a_break(self) -> bool:
        """Whether a connection that breaks would be made again."""
        return self._may_break and self.used < self._most

    def after_break(self, fault: Unreachable) -> bool:
        """Whether to ask again, at once."""
        if not (fault.passing and self.allow_a_break):
            return False
        self._may_break = False
        self.used += 1
        return True

    async def after_status(self, fault: HttpStatus, wish: float | None) -> bool:
        """Whether to ask again, after the seconds that the server wishes. If so, the time for it has come."""
        if fault.status not in _PASSING or self.used >= self._most:
            return False
        if wish is not None:
            seconds = wish
        elif self._may_back_off:
            self._may_back_off = False
            seconds = BACKOFF_S * (1 - self._random() / 2)
        else:
            return False
        if seconds >= self._seconds_left():
            fault.too_late_s = wish
            return False
        self.used += 1
        log_wait(fault.status, seconds)
        await self._sleep(seconds)
        return True
