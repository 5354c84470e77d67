"""Records in the ledger the service's answers about a submission after it was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum

from preflight.client import Client, Task, TaskStatus
from preflight.errors import ApiError, ConfigurationError, StillUnknown
from preflight.ledger import Balance, Entry, EntryState, Ledger, PaidRequest
from preflight.ledger.balances import amounts_spent, credits_spent, is_unmoved
from preflight.redact.advice import Advice

_LOOK_SECONDS = 5.0
"""For one look at the balance beside a paid request: good to know, and not worth a long wait."""

_ENDS = {TaskStatus.COMPLETED: EntryState.COMPLETED, TaskStatus.FAILED: EntryState.FAILED}


class BalanceVerdict(Enum):
    """What the balance says about a request whose outcome is unknown. All but the first two leave it unknown."""

    CHARGED = "charged"
    NOT_CHARGED = "not charged"
    TOO_EARLY = "too early"
    NOT_ALONE = "something else ran"
    MOVED = "something else moved it"
    CONTRADICTORY = "balance and consumed credits contradict each other"
    INCOMPLETE = "the service does not say what was consumed"
    NOT_SEEN = "no balance from before"
    NO_KEY = "the key that paid is not known"
    OTHER_KEY = "another key paid"


def read_balance(client: Client, now: Callable[[], datetime], *, late: bool = False) -> Balance | None:
    """The account now, asked for once and within seconds; ``None`` when the service does not say.

    Its time is when the question began; when the answer was there, if ``late``.
    """
    at = now()
    try:
        account = client.credits(timeout=_LOOK_SECONDS, attempts=1)
    except ApiError:
        return None
    return Balance(at=now() if late else at, balance=account.balance, consumed=account.total_consumed)


def require_not_charged_late(
    ledger: Ledger, request: PaidRequest, *, api: str, account: str, now: Balance | None
) -> None:
    """Raise ``StillUnknown`` where the account lost the price since the last request for this job was refused.

    A bill may come later than an answer, later than the settling time, later than the user looked. One figure of the
    account is enough: where the balance and the consumed credits contradict each other, either may be the true one.
    """
    entry = ledger.last_of(request, api)
    before = None if entry is None else entry.balances.get("before")
    if entry is None or entry.state is not EntryState.REFUSED or before is None or now is None:
        return
    if entry.sent_at is None or entry.account != account or not ledger.ran_alone(entry):
        return
    least = max(_low(entry), Decimal(1))
    if spent := next((each for each in amounts_spent(before, now) if least <= each <= entry.high), None):
        raise StillUnknown(
            Advice.of(
                f"not sent: since this job was last sent (entry {entry.id} of the ledger, refused) the account lost"
                f" {spent:f} credits, which is its price: it may have been charged late. Look at your tasks, then ",
                library="resolve that entry with the id of its task; again=True submits and pays again",
                command=f"preflight ledger resolve {entry.id} --task ID; use --again to submit and pay again",
            ),
            entry_id=entry.id,
        )


def settle(ledger: Ledger, client: Client, task: Task) -> Entry | None:
    """Record the state of ``task``, if it is one of the ledger's; returns its entry. A second call changes nothing."""
    entry = ledger.of_task(client.base_url, task.id)
    if entry is None or entry.state.ended:
        return entry
    if entry.state is EntryState.UNKNOWN:
        return adopt(ledger, client, entry, task)
    return _end(ledger, client, entry, task) if task.status in _ENDS else entry


def adopt(ledger: Ledger, client: Client, entry: Entry, task: Task) -> Entry:
    """``task`` turned out to be that of ``entry``, which had none: write it down. Returns the entry of the task."""
    entry = ledger.entry(ledger.accept(entry.id, f"found to be accepted as task {task.id}", task_id=task.id))
    return _end(ledger, client, entry, task) if task.status in _ENDS and not entry.state.ended else entry


def resolve_by_task(ledger: Ledger, client: Client, entry: Entry, task_id: str) -> Entry:
    """The user says which task it is; the service is asked. Raises ``ApiError`` and ``ConfigurationError``."""
    if entry.state is not EntryState.REFUSED or entry.sent_at is None:  # a refusal may turn out not to be one
        _require_open(entry)
    owner = ledger.of_task(client.base_url, task_id)
    if owner is not None and owner.id != entry.id:
        raise ConfigurationError(f"task {task_id} is that of entry {owner.id}")
    return adopt(ledger, client, entry, client.task(task_id))


def resolve_as_not_charged(ledger: Ledger, entry: Entry) -> Entry:
    """The user says that nothing was taken."""
    if entry.state is not EntryState.UNKNOWN:
        raise ConfigurationError(
            f"entry {entry.id} is {entry.state.value}: only an unknown one can be resolved as not charged"
        )
    ledger.move(entry.id, EntryState.REFUSED, "resolved by the user: nothing was charged")
    return ledger.entry(entry.id)


def resolve_by_balance(ledger: Ledger, client: Client, entry: Entry) -> tuple[Entry, BalanceVerdict]:
    """Let the balance say whether an unknown request was charged, where it can.

    It was not charged only if, after the settling time of the last attempt, every figure of the account that paid is
    known and is what it was before, and nothing else of this ledger can have moved it. Raises ``ApiError`` when the
    balance cannot be had.
    """
    _require_open(entry)
    if entry.state is not EntryState.UNKNOWN:
        raise ConfigurationError(
            Advice.of(f"entry {entry.id} was accepted; name its task", library="", command=": --task ID")
        )
    before = entry.balances.get("before")
    if before is None:
        return entry, BalanceVerdict.NOT_SEEN
    if entry.account != client.account(ledger.account_of):
        return entry, BalanceVerdict.NO_KEY if entry.account is None else BalanceVerdict.OTHER_KEY
    asked_at = ledger.now()  # not when the answer is there: a charge in between is not in it
    account = client.credits()
    now = Balance(at=asked_at, balance=account.balance, consumed=account.total_consumed)
    verdict = _verdict(ledger, entry, before, now)
    if verdict is BalanceVerdict.CHARGED:
        ledger.record_balance(entry.id, "after", now)
        spent = credits_spent(before, now)
        return _moved(
            ledger, entry, EntryState.ACCEPTED, f"the balance fell by {spent:f} credits: it was accepted"
        ), verdict
    if verdict is BalanceVerdict.NOT_CHARGED:
        return _moved(ledger, entry, EntryState.REFUSED, "the balance did not move: nothing was charged"), verdict
    return entry, verdict


def _verdict(ledger: Ledger, entry: Entry, before: Balance, now: Balance) -> BalanceVerdict:
    if not ledger.ran_alone(entry):
        return BalanceVerdict.NOT_ALONE
    spent = credits_spent(before, now)
    if spent is None:
        return BalanceVerdict.CONTRADICTORY
    if spent > 0:
        return BalanceVerdict.CHARGED if _low(entry) <= spent <= entry.high else BalanceVerdict.MOVED
    if spent < 0 or before.balance != now.balance:
        return BalanceVerdict.MOVED
    if not is_unmoved(before, now):
        return BalanceVerdict.INCOMPLETE
    if entry.settles_at is None or now.at < entry.settles_at:
        return BalanceVerdict.TOO_EARLY
    return BalanceVerdict.NOT_CHARGED


def _low(entry: Entry) -> Decimal:
    """The least that the job costs, where the entry says it."""
    try:
        low = Decimal(str(entry.quote.get("low", 0)))
    except InvalidOperation:
        return Decimal(0)
    return low if low.is_finite() else Decimal(0)


def _moved(ledger: Ledger, entry: Entry, state: EntryState, what: str) -> Entry:
    """``entry`` in its new state. Raises ``ConfigurationError`` where it was settled otherwise meanwhile."""
    if not ledger.move(entry.id, state, what):
        _require_open(ledger.entry(entry.id))
    return ledger.entry(entry.id)


def _end(ledger: Ledger, client: Client, entry: Entry, task: Task) -> Entry:
    if task.status is TaskStatus.FAILED:
        reason = f"{task.error.code}: {task.error.message}" if task.error else "the service gives no reason"
        ledger.move(entry.id, EntryState.FAILED, f"failed: {reason}", refunded=_refunded(ledger, client, entry))
    else:
        ledger.move(entry.id, EntryState.COMPLETED, "completed")
    return ledger.entry(entry.id)


def _refunded(ledger: Ledger, client: Client, entry: Entry) -> bool | None:
    """Whether the balance is what it was before the request; ``None`` where it cannot be told."""
    if entry.account != client.account(ledger.account_of):
        return None
    before, now = entry.balances.get("before"), read_balance(client, ledger.now, late=True)
    if now is not None:
        ledger.record_balance(entry.id, "end", now)
    if before is None or now is None or not ledger.ran_alone(entry):
        return None
    spent = credits_spent(before, now)
    if spent == 0 and before.balance == now.balance:
        return True
    return False if spent is not None and spent == entry.charged else None


def _require_open(entry: Entry) -> None:
    if entry.state.ended or (entry.state is EntryState.ACCEPTED and entry.task_id is not None):
        raise ConfigurationError(f"entry {entry.id} is already {entry.state.value}")
    if entry.state in {EntryState.INTENDED, EntryState.SENT}:
        raise ConfigurationError(f"entry {entry.id} is being sent by a process that still runs")
