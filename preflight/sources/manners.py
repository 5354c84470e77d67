"""How a process reads from hosts: a few numbers, chosen by the user. ``turns.py`` keeps to them."""

from __future__ import annotations

from preflight.model.frozen import frozen

USER_AGENT = "media-preflight"


@frozen
class Manners:
    """``concurrency``: URLs read at a time; ``per_host``: of one host, and so connections to it.

    ``host_rate``: requests a second to one host, ``None`` for no bound. ``patience``: how often a request is sent again
    after a 429 or 503. ``user_agent`` is what servers are told.
    """

    concurrency: int = 32
    per_host: int = 8
    host_rate: float | None = None
    patience: int = 0
    user_agent: str = USER_AGENT

    def shared_by(self, workers: int) -> tuple[Manners, ...]:
        """The manners of each of ``workers`` processes, which keep to these together. At most ``per_host`` of them."""
        rest = self.per_host % workers
        rate = None if self.host_rate is None else self.host_rate / workers
        return tuple(
            Manners(
                concurrency=max(1, self.concurrency // workers),
                per_host=self.per_host // workers + (number < rest),
                host_rate=rate,
                patience=self.patience,
                user_agent=self.user_agent,
            )
            for number in range(workers)
        )
