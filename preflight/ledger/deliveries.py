"""Callbacks as they came in: each event of a task once, however often it is delivered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from preflight.errors import LedgerUnusable
from preflight.ledger.entry import Entry, EntryState
from preflight.ledger.ledger import Ledger
from preflight.ledger.queries import moment_of, select_entries, stamp

MAX_OPEN = 10_000
"""Deliveries that may wait to be looked into: anyone who knows the secret path could otherwise fill the disk."""

EARLIER = timedelta(minutes=2)
"""A task may seem to have started so long before its request left: clocks differ."""

_LATER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event of one task, as a caller claims it.

    ``token_hash`` is that of the secret in the path, if it had one; it is kept only where an entry has the same.
    """

    task_id: str
    event: str
    token_hash: str | None = None
    id: int = 0
    received_at: datetime | None = None


class Deliveries:
    """The part of a ledger that receives callbacks. Methods raise ``LedgerUnusable`` as the ledger's own."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(self, deliveries: Iterable[Delivery]) -> bool:
        """Write them down in one change; ``False``, and nothing done, when too many wait.

        A repeated one is counted, and not looked into again. One with another secret is another: each is found to be
        forged or real by itself, so that a forged one does not block the real one.
        """
        with self._ledger.changing() as connection:
            (waiting,) = connection.execute("SELECT count(*) FROM delivery WHERE result IS NULL").fetchone()
            if waiting >= MAX_OPEN:
                return False
            connection.executemany(
                "INSERT INTO delivery (task_id, event, token_hash, received_at)"
                " VALUES (?, ?, coalesce((SELECT token_hash FROM entry WHERE token_hash = ?), ''), ?)"
                " ON CONFLICT (task_id, event, token_hash) DO UPDATE SET times = times + 1",
                [(each.task_id, each.event, each.token_hash, stamp(self._ledger.now())) for each in deliveries],
            )
            return True

    def waiting(self, limit: int = 1000) -> tuple[Delivery, ...]:
        """Those that were not looked into yet: first those with the secret of an entry, then as they came.

        Raises ``LedgerUnusable`` for a row that no preflight wrote.
        """
        with self._ledger.reading() as connection:
            rows = connection.execute(
                "SELECT id, task_id, event, token_hash, received_at FROM delivery WHERE result IS NULL"
                " ORDER BY token_hash = '', id LIMIT ?",
                (limit,),
            ).fetchall()
        try:
            return tuple(
                Delivery(
                    id=row[0], task_id=row[1], event=row[2], token_hash=row[3] or None, received_at=moment_of(row[4])
                )
                for row in rows
            )
        except (TypeError, ValueError) as error:
            raise LedgerUnusable("a delivery in the ledger cannot be read: it is malformed") from error

    def close(self, delivery: Delivery, result: str) -> None:
        """Record the result of a delivery: it is not looked into again."""
        with self._ledger.changing() as connection:
            connection.execute("UPDATE delivery SET result = ? WHERE id = ?", (result, delivery.id))

    def begin_forward(self, task_id: str) -> bool:
        """Whether the command for this task has still to be run; from now on it counts as run."""
        with self._ledger.changing() as connection:
            done = "SELECT 1 FROM delivery WHERE task_id = ? AND forwarded_at IS NOT NULL"
            if connection.execute(done, (task_id,)).fetchone():
                return False
            connection.execute(
                "UPDATE delivery SET forwarded_at = ? WHERE task_id = ?", (stamp(self._ledger.now()), task_id)
            )
            return True

    def owner_by_token(self, token_hash: str, api: str) -> Entry | None:
        """The entry whose callback URL holds that secret."""
        with self._ledger.reading() as connection:
            return next(iter(select_entries(connection, "WHERE api = ? AND token_hash = ?", api, token_hash)), None)

    def owner_by_time(self, api: str, model: str, created_at: datetime) -> Entry | None:
        """The only entry without a task that may have started one at that time; ``None`` where none or several may."""
        with self._ledger.reading() as connection:
            open_ones = select_entries(
                connection,
                "WHERE api = ? AND sent_at BETWEEN ? AND ? AND +state IN ('unknown', 'accepted', 'sent')"
                " AND +task_id IS NULL AND +token_hash IS NULL",
                api, stamp(created_at - _LATER), stamp(created_at + EARLIER),
            )  # fmt: skip
        fitting = [entry for entry in open_ones if model in {entry.model, ""}]
        return fitting[0] if len(fitting) == 1 and fitting[0].state is not EntryState.SENT else None
