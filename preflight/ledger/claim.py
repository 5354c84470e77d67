"""The right to send one job, once: from the moment it is written down to the moment its outcome is."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from preflight.errors import NotSubmitted
from preflight.ledger.entry import Balance, Moment, State
from preflight.ledger.live import Sign

if TYPE_CHECKING:
    from preflight.ledger.store import Ledger


class Claim:
    """An entry that this process is about to send. A context manager; while it is open, no other process settles it.

    Whatever is not told of it before it closes is found out as after the death of the process.
    """

    def __init__(self, ledger: Ledger, entry_id: int, sign: Sign) -> None:
        self.entry_id = entry_id
        self._ledger = ledger
        self._sign = sign

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sign.close()

    def leaves(self, attempt: int) -> None:
        """To be called before each attempt, the first being 1. Raises ``NotSubmitted``: then it must not leave."""
        if not self._ledger.sent(self.entry_id, attempt):
            raise NotSubmitted(f"not sent: entry {self.entry_id} of the ledger was settled meanwhile")

    def accepted(self, task_id: str) -> None:
        """The service took it. ``entry_id`` is the entry of the task from then on."""
        self.entry_id = self._ledger.accept(self.entry_id, f"accepted as task {task_id}", task_id=task_id)

    def refused(self, what: str) -> None:
        self._ledger.move(self.entry_id, State.REFUSED, what)

    def unknown(self, what: str, *, settles_at: datetime, task_id: str | None = None) -> None:
        """``task_id`` is a task that an answer named although it was no success."""
        self._ledger.move(self.entry_id, State.UNKNOWN, what, settles_at=settles_at, task_id=task_id)

    def weigh(self, moment: Moment, balance: Balance) -> None:
        """Keep what the account held right before the request, or right after its answer."""
        self._ledger.weigh(self.entry_id, moment, balance)
