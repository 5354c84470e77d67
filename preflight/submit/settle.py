"""What the service tells of a submission after it was sent, written down in the ledger."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from preflight.client import Client, Credits, Task, TaskStatus
from preflight.errors import ApiError, ConfigurationError
from preflight.ledger import Balance, Entry, Ledger, State
from preflight.ledger.balances import fall

_LOOK_SECONDS = 10.0
"""For one look at the balance beside a paid request: good to know, and not worth a long wait."""

_ENDS = {TaskStatus.COMPLETED: State.COMPLETED, TaskStatus.FAILED: State.FAILED}


class Answer(Enum):
    """What the balance says of a request whose outcome is unknown."""

    CHARGED = "charged"
    NOT_CHARGED = "not charged"
    TOO_EARLY = "too early"
    NOT_ALONE = "something else ran"
    NOT_SEEN = "no balance from before"


def look(client: Client, now: datetime) -> Balance | None:
    """The account now; ``None`` when the service does not say: nothing depends on it that would not be said."""
    try:
        account: Credits = client.credits(timeout=_LOOK_SECONDS)
    except ApiError:
        return None
    return Balance(at=now, balance=account.balance, consumed=account.total_consumed)


def settle(ledger: Ledger, client: Client, task: Task) -> Entry | None:
    """Write down how ``task`` stands, if it is one of the ledger's; returns its entry. Told twice, nothing happens."""
    entry = ledger.of_task(client.base_url, task.id)
    if entry is None or entry.state.ended:
        return entry
    if entry.state is State.UNKNOWN:
        return adopt(ledger, client, entry, task)
    return _end(ledger, client, entry, task) if task.status in _ENDS else entry


def adopt(ledger: Ledger, client: Client, entry: Entry, task: Task) -> Entry:
    """``task`` turned out to be that of ``entry``, which had none: write it down. Returns the entry of the task."""
    entry = ledger.entry(ledger.accept(entry.id, f"found to be accepted as task {task.id}", task_id=task.id))
    return _end(ledger, client, entry, task) if task.status in _ENDS and not entry.state.ended else entry


def resolve_by_task(ledger: Ledger, client: Client, entry: Entry, task_id: str) -> Entry:
    """The user says which task it is; the service is asked. Raises ``ApiError`` and ``ConfigurationError``."""
    if entry.state is not State.REFUSED or entry.sent_at is None:  # a refusal may turn out to be none
        _require_open(entry)
    owner = ledger.of_task(client.base_url, task_id)
    if owner is not None and owner.id != entry.id:
        raise ConfigurationError(f"task {task_id} is that of entry {owner.id}")
    return adopt(ledger, client, entry, client.task(task_id))


def resolve_as_not_charged(ledger: Ledger, entry: Entry) -> Entry:
    """The user says that nothing was taken."""
    if entry.state is not State.UNKNOWN:
        raise ConfigurationError(
            f"entry {entry.id} is {entry.state.value}: only what is unknown can be said not to be paid"
        )
    ledger.move(entry.id, State.REFUSED, "resolved by the user: nothing was charged")
    return ledger.entry(entry.id)


def resolve_by_balance(ledger: Ledger, client: Client, entry: Entry) -> tuple[Entry, Answer]:
    """Let the balance say whether an unknown request was charged; it can only if nothing else ran since.

    Raises ``ApiError`` when the balance cannot be had.
    """
    _require_open(entry)
    if entry.state is not State.UNKNOWN:
        raise ConfigurationError(f"entry {entry.id} was accepted; name its task: --task ID")
    before = entry.balances.get("before")
    if before is None:
        return entry, Answer.NOT_SEEN
    account = client.credits()
    now = Balance(at=ledger.now(), balance=account.balance, consumed=account.total_consumed)
    if not ledger.ran_alone(entry):
        return entry, Answer.NOT_ALONE
    spent = fall(before, now)
    if spent > 0:
        if spent > entry.high:
            return entry, Answer.NOT_ALONE
        ledger.weigh(entry.id, "after", now)
        ledger.move(entry.id, State.ACCEPTED, f"the balance fell by {spent:f} credits: it was accepted")
        return ledger.entry(entry.id), Answer.CHARGED
    if spent < 0:
        return entry, Answer.NOT_ALONE
    if entry.settles_at is not None and now.at < entry.settles_at:
        return entry, Answer.TOO_EARLY
    ledger.move(entry.id, State.REFUSED, "the balance did not move: nothing was charged")
    return ledger.entry(entry.id), Answer.NOT_CHARGED


def _end(ledger: Ledger, client: Client, entry: Entry, task: Task) -> Entry:
    if task.status is TaskStatus.FAILED:
        reason = f"{task.error.code}: {task.error.message}" if task.error else "the service gives no reason"
        ledger.move(entry.id, State.FAILED, f"failed: {reason}", refunded=_refunded(ledger, client, entry))
    else:
        ledger.move(entry.id, State.COMPLETED, "completed")
    return ledger.entry(entry.id)


def _refunded(ledger: Ledger, client: Client, entry: Entry) -> bool | None:
    """Whether the balance is what it was before the request; ``None`` where it cannot be told."""
    before, now = entry.balances.get("before"), look(client, ledger.now())
    if now is not None:
        ledger.weigh(entry.id, "end", now)
    if before is None or now is None or not ledger.ran_alone(entry):
        return None
    spent = fall(before, now)
    if spent == 0:
        return True
    return False if spent == entry.charged else None


def _require_open(entry: Entry) -> None:
    if entry.state.ended or (entry.state is State.ACCEPTED and entry.task_id is not None):
        raise ConfigurationError(f"entry {entry.id} is {entry.state.value} already")
    if entry.state in {State.INTENDED, State.SENT}:
        raise ConfigurationError(f"entry {entry.id} is being sent by a process that still runs")
