"""The ledger: records each job before it is paid for, and its outcome afterwards."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Self

from preflight.errors import ConfigurationError, LedgerUnusable, NotSubmitted
from preflight.ledger import database, schema
from preflight.ledger.abandoned import settle_abandoned
from preflight.ledger.balances import charged_alone, credits_spent, ran_alone
from preflight.ledger.entry import Balance, Entry, EntryState, Moment
from preflight.ledger.file_names import file_at, place_of
from preflight.ledger.locks import ProcessLock
from preflight.ledger.policy import Budget, require_affordable, require_new
from preflight.ledger.queries import insert_late, insert_request, put_state, same_job, select_entries, stamp
from preflight.ledger.request import PaidRequest


class Ledger:
    """The ledger in the file ``path``, which is made if it is new. A context manager; for any number of threads.

    Every method raises ``LedgerUnusable`` when the file cannot be read or written. ``now`` is the time, UTC.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = place_of(path)
        self.now = now
        self._lock = RLock()
        self._connection = database.connect(self.path)
        try:
            self._file = file_at(self.path)
            with self.reading() as connection:
                self._schema_version = database.schema_version(connection)
                self._salt = schema.salt_of(connection, self.path)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def charged(self) -> tuple[Entry, ...]:
        """The entries whose charge was seen, the newest first."""
        with self.reading() as connection:
            return tuple(select_entries(connection, "WHERE charged IS NOT NULL ORDER BY id DESC"))

    def entries(
        self,
        *,
        states: Sequence[EntryState] = (),
        since: datetime | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> tuple[Entry, ...]:
        """At most ``limit`` entries in any of ``states`` (none: in all), made since, with an id below ``before``."""
        among = f" AND state IN ({', '.join('?' * len(states))})" if states else ""
        with self.reading() as connection:
            rest = f"WHERE created_at >= ? AND id < ?{among} ORDER BY id DESC LIMIT {-1 if limit is None else limit:d}"
            asked = [stamp(since) if since else "", before or 1 << 62, *(each.value for each in states)]
            return tuple(select_entries(connection, rest, *asked))

    def entry(self, entry_id: int) -> Entry:
        """One entry. Raises ``ConfigurationError`` where there is none."""
        with self.reading() as connection:
            found = select_entries(connection, "WHERE id = ?", entry_id) if 0 < entry_id < 1 << 62 else []
        if not found:
            raise ConfigurationError(f"the ledger {self.path} has no entry {entry_id}")
        return found[0]

    def last_of(self, request: PaidRequest, api: str, *, refused: bool = True) -> Entry | None:
        """The latest entry of the same job at ``api``; with ``refused=False`` the latest that was not refused."""
        among, values = same_job(request)
        kept = "" if refused else " AND state != 'refused'"
        return self._first(f"WHERE api = ? AND {among}{kept} ORDER BY id DESC LIMIT 1", api, *values)

    def of_task(self, api: str, task_id: str) -> Entry | None:
        """The entry of a task of the service at ``api``."""
        return self._first("WHERE api = ? AND task_id = ?", api, task_id)

    def of_identity(self, api: str, identity: str) -> Entry | None:
        """The latest entry at ``api`` of the job with that ``JobReport.identity``."""
        return self._first("WHERE api = ? AND job_hash = ? ORDER BY id DESC LIMIT 1", api, identity)

    def _first(self, rest: str, *values: object) -> Entry | None:
        with self.reading() as connection:
            return next(iter(select_entries(connection, rest, *values)), None)

    def account_of(self, key: str) -> str:
        """The hash that tells the API key ``key`` from others; it is keyed with the ledger's own salt."""
        return hmac.digest(self._salt, key.encode(), "sha256").hex()[:32]

    def begin(
        self,
        request: PaidRequest,
        *,
        api: str,
        account: str | None = None,
        again: bool = False,
        budget: Budget | None = None,
        token_hash: str | None = None,
    ) -> Claim:
        """Write down that ``request`` is about to be paid for at ``api``, if that may be.

        ``account`` is that of the key that pays, ``token_hash`` that of the secret in its callback URL. Raises
        ``AlreadySubmitted`` for a job that another process is sending or that was accepted before, unless ``again``;
        ``StillUnknown`` for one that may have been paid for; ``OverBudget``.
        """
        with ExitStack() as undone:
            with self.changing() as connection:
                settle_abandoned(connection, self.path, self.now())
                require_new(connection, request, api, again=again)
                require_affordable(connection, request, api, budget=budget or Budget(), now=self.now())
                run = budget.run if budget else None
                entry_id = insert_request(
                    connection, self.now(), request, api=api, account=account, token_hash=token_hash, run=run
                )
                # Held before the entry can be seen: no process may think that the one behind it has gone.
                lock = ProcessLock(self.path, entry_id)
                undone.callback(lock.close)
            undone.pop_all()
        return Claim(self, entry_id, lock)

    def require_payable(
        self, request: PaidRequest, *, api: str, again: bool = False, budget: Budget | None = None
    ) -> None:
        """Raise what ``begin`` would raise now, and write nothing of ``request`` down."""
        with self.changing() as connection:
            settle_abandoned(connection, self.path, self.now())
            require_new(connection, request, api, again=again)
            require_affordable(connection, request, api, budget=budget or Budget(), now=self.now())

    def about_to_send(self, entry_id: int, attempt: int) -> bool:
        """Write down that attempt number ``attempt`` is about to leave. ``False``: it must not."""
        with self.changing() as connection:
            (entry,) = select_entries(connection, "WHERE id = ?", entry_id)
            if entry.state is not EntryState.SENT and not entry.state.may_become(EntryState.SENT):
                return False
            connection.execute(
                "UPDATE entry SET sent_at = coalesce(sent_at, ?), attempts = ? WHERE id = ?",
                (stamp(self.now()), attempt, entry_id),
            )
            put_state(connection, self.now(), entry, EntryState.SENT, f"attempt {attempt} leaves")
            return True

    def move(
        self,
        entry_id: int,
        state: EntryState,
        what: str,
        *,
        task_id: str | None = None,
        settles_at: datetime | None = None,
        refunded: bool | None = None,
    ) -> bool:
        """Take an entry to ``state`` if that is a step forward from where it is; ``False``, and nothing done, if not.

        ``what`` describes the event, and stays with the entry.
        """
        with self.changing() as connection:
            (entry,) = select_entries(connection, "WHERE id = ?", entry_id)
            if not entry.state.may_become(state):
                return False
            put_state(
                connection, self.now(), entry, state, what, task_id=task_id, settles_at=settles_at, refunded=refunded
            )
            return True

    def accept(self, entry_id: int, what: str, *, task_id: str) -> int:
        """Write down that an entry was accepted as the task ``task_id``; returns the number of the task's entry.

        A final state never changes: where the entry was settled otherwise meanwhile, the task gets a new one.
        """
        with self.changing() as connection:
            (entry,) = select_entries(connection, "WHERE id = ?", entry_id)
            if entry.state.may_become(EntryState.ACCEPTED) or (
                entry.state is EntryState.ACCEPTED and entry.task_id is None
            ):
                put_state(connection, self.now(), entry, EntryState.ACCEPTED, what, task_id=task_id)
                return entry_id
            sql = "SELECT id FROM entry WHERE api = ? AND task_id = ?"
            owner = connection.execute(sql, (entry.api, task_id)).fetchone()
            return int(owner[0]) if owner else insert_late(connection, self.now(), entry, what, task_id)

    def record_balance(self, entry_id: int, moment: Moment, balance: Balance) -> None:
        """Keep the account's balance. The two looks around a request show the charge, if nothing else ran."""
        consumed = None if balance.consumed is None else f"{balance.consumed:f}"
        with self.changing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO balance VALUES (?, ?, ?, ?, ?)",
                (entry_id, moment, stamp(balance.at), f"{balance.balance:f}", consumed),
            )
            (entry,) = select_entries(connection, "WHERE id = ?", entry_id)
            before = entry.balances.get("before")
            if moment == "after" and before and charged_alone(connection, entry, until=balance.at):
                charged = credits_spent(before, balance)
                if charged is not None and charged > 0:  # a job is never free: no change tells nothing
                    connection.execute("UPDATE entry SET charged = ? WHERE id = ?", (f"{charged:f}", entry_id))

    def charged_alone(self, entry_id: int, *, until: datetime) -> bool:
        """Whether no other entry was charged between the look before ``entry_id`` was sent and ``until``."""
        with self.reading() as connection:
            (entry,) = select_entries(connection, "WHERE id = ?", entry_id)
            return charged_alone(connection, entry, until=until)

    def ran_alone(self, entry: Entry) -> bool:
        """Whether no other entry can have moved the balance since the look before ``entry`` was sent."""
        with self.reading() as connection:
            return ran_alone(connection, entry)

    def mark_abandoned(self) -> None:
        """Settle the entries whose process died: an unsent one is refused, one that may have left is unknown."""
        with self.changing() as connection:
            settle_abandoned(connection, self.path, self.now())

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database, for questions."""
        with self._lock, database.translated(self.path):
            yield self._connection

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """The database, for one change: durable when the context ends, undone if it raises."""
        with self._lock, database.translated(self.path), database.transaction(self._connection):
            if file_at(self.path) != self._file:
                raise LedgerUnusable(f"the ledger {self.path} was replaced while it was open")
            if (version := database.schema_version(self._connection)) != self._schema_version:
                schema.require_own(self._connection, self.path)
                self._schema_version = version
            yield self._connection


class Claim:
    """An entry that this process is about to send. A context manager; while it is open, no other process settles it.

    An outcome that is not reported before it closes is settled as after the death of the process.
    """

    def __init__(self, ledger: Ledger, entry_id: int, lock: ProcessLock) -> None:
        self.entry_id = entry_id
        self._ledger = ledger
        self._lock = lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def about_to_send(self, attempt: int) -> None:
        """To be called before each attempt, the first being 1. Raises ``NotSubmitted``: then it must not leave."""
        if not self._ledger.about_to_send(self.entry_id, attempt):
            raise NotSubmitted(f"not sent: entry {self.entry_id} of the ledger was settled meanwhile")

    def accepted(self, task_id: str) -> None:
        """The service took it. ``entry_id`` is the entry of the task from then on."""
        self.entry_id = self._ledger.accept(self.entry_id, f"accepted as task {task_id}", task_id=task_id)

    def refused(self, what: str) -> None:
        self._ledger.move(self.entry_id, EntryState.REFUSED, what)

    def unknown(self, what: str, *, settles_at: datetime, task_id: str | None = None) -> None:
        """``task_id`` is a task that an answer named although it was not a success."""
        self._ledger.move(self.entry_id, EntryState.UNKNOWN, what, settles_at=settles_at, task_id=task_id)

    def record_balance(self, moment: Moment, balance: Balance) -> None:
        """Keep the account's balance right before the request, or right after its answer."""
        self._ledger.record_balance(self.entry_id, moment, balance)
