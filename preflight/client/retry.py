"""How long to wait before asking again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits in seconds that grow from ``first`` by ``factor`` up to ``longest``.

    A random part of up to ``jitter`` (0 to 1) of each wait is taken off, so that many waiters spread out. The service's
    own wish (Retry-After) is honoured where it is longer, up to ``longest_wish``.
    """

    first: float
    factor: float = 2.0
    longest: float
    jitter: float = 0.25
    longest_wish: float = 60.0

    def delay(self, attempt: int, *, random: Callable[[], float], wish: float | None = None) -> float:
        """The wait after attempt number ``attempt``, counted from 0. ``random`` gives values in [0, 1)."""
        # The exponent is bounded because a float overflows: a wait may poll for days.
        grown = min(self.first * self.factor ** min(attempt, 64), self.longest)
        return max(grown * (1 - self.jitter * random()), min(wish or 0.0, self.longest_wish))


RETRY = Backoff(first=0.5, longest=8.0)
"""Between the attempts of one query."""

RESEND = Backoff(first=1.0, longest=20.0, jitter=0.5, longest_wish=float("inf"))
"""Between two sendings of one paid request: the service's wish is a bound below, however long."""

POLL = Backoff(first=2.0, factor=1.5, longest=15.0)
"""Between two looks at a task: a job takes minutes."""
