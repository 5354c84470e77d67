"""Acts on deliveries: asks the service for the task's real state and writes that into the ledger, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

from preflight.client import Client, Task
from preflight.errors import ApiError, LedgerUnusable, TaskNotFound
from preflight.ledger import Entry, EntryState, Ledger
from preflight.ledger.deliveries import EARLIER, Deliveries, Delivery
from preflight.submit.settle import adopt, settle

LOOK_SECONDS = 2.0
"""Between two looks at deliveries that could not be settled yet."""

PATIENCE = timedelta(hours=24)
"""A delivery is given up when it has led nowhere for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A task that has ended, as the service says when asked; ``entry`` is its entry where the ledger has one."""

    task: Task
    entry: Entry | None


class Settler:
    """Settles the deliveries of ``ledger`` with the answers of ``client``.

    ``on_finished`` is called once for each task that has ended; ``on_trouble`` gets its errors, and those of the
    service and of the disk.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        *,
        on_finished: Callable[[Finished], object] = lambda _: None,
        on_trouble: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._deliveries = Deliveries(ledger)
        self._on_finished = on_finished
        self._on_trouble = on_trouble
        self._news = Event()
        self._stopped = False

    def wake(self) -> None:
        """Something was delivered."""
        self._news.set()

    def stop(self) -> None:
        """End ``run`` after the delivery that it is at."""
        self._stopped = True
        self._news.set()

    def run(self) -> None:
        """Settle what comes in until ``stop``: for a thread of its own."""
        while not self._stopped:
            self._news.clear()
            try:
                self.settle_waiting()
            except LedgerUnusable as error:
                self._on_trouble(str(error))
            self._news.wait(LOOK_SECONDS)

    def settle_waiting(self) -> int:
        """Look into every delivery that waits; returns how many were closed."""
        self._ledger.mark_abandoned()
        closed = 0
        for delivery in self._deliveries.waiting():
            if self._stopped:
                break
            closed += self._settle(delivery)
        return closed

    def _settle(self, delivery: Delivery) -> bool:
        try:
            task = self._client.task(delivery.task_id)
        except TaskNotFound:
            if delivery.token_hash is not None:  # one of ours, and perhaps the service does not know it yet
                return self._given_up(delivery)
            self._deliveries.close(delivery, "the service does not know this task")
            return True
        except ApiError as error:
            self._on_trouble(f"task {delivery.task_id}: {error}")
            return self._given_up(delivery)
        entry = self._owner(delivery, task)
        if not task.ended or (entry is not None and entry.state is EntryState.SENT):
            return self._given_up(delivery)  # too early: the answer to the paid request is still awaited
        first = self._deliveries.begin_forward(task.id)
        self._deliveries.close(delivery, task.status.value)
        if first:
            self._tell(Finished(task=task, entry=entry))
        return True

    def _owner(self, delivery: Delivery, task: Task) -> Entry | None:
        """The entry of ``task``, after it was brought up to date."""
        api = self._client.base_url
        owner = settle(self._ledger, self._client, task)
        named: Entry | None = None
        if delivery.token_hash is not None:
            named = self._deliveries.owner_by_token(delivery.token_hash, api)
        elif owner is None and task.created_at is not None:
            named = self._deliveries.owner_by_time(api, task.model, task.created_at)
        if named is None or named.sent_at is None or not _may_be_of(task, named):
            return owner
        if named.state is EntryState.SENT:
            return owner or named
        if owner is not None:
            if named.id != owner.id and named.state is EntryState.UNKNOWN:
                # Two secrets for one task: one of them is forged. Which cannot be told, so both count as paid for.
                self._ledger.accept(named.id, f"called back with task {task.id}", task_id=task.id)
            return owner
        # Where the entry has another task, one of the two callbacks was forged; both tasks are of this account, and
        # `adopt` keeps the second in an entry of its own.
        return adopt(self._ledger, self._client, named, task)

    def _given_up(self, delivery: Delivery) -> bool:
        received = delivery.received_at
        if received is None or self._ledger.now() - received < PATIENCE:
            return False
        self._deliveries.close(delivery, "given up")
        return True

    def _tell(self, finished: Finished) -> None:
        try:
            self._on_finished(finished)
        except Exception as error:  # noqa: BLE001 - whatever the command does, the next task has its turn
            self._on_trouble(f"task {finished.task.id}: {error}")


def _may_be_of(task: Task, entry: Entry) -> bool:
    """Whether ``task`` can have been started by the request of ``entry``: of its model, and not before it left."""
    early = task.created_at is not None and entry.sent_at is not None and task.created_at < entry.sent_at - EARLIER
    return task.model in {entry.model, ""} and not early
