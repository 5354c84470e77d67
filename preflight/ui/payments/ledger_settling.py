"""Settles entries whose outcome is unknown, by the code of ``preflight ledger resolve``, and keeps what came of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from preflight.client import Client
from preflight.errors import ConfigurationError, PreflightError, TaskNotFound
from preflight.ledger import Entry, EntryState
from preflight.ledger.doubts import is_in_doubt
from preflight.model.shell_argument import as_argument
from preflight.redact.advice import for_command
from preflight.render.payments.balance_verdicts import explained
from preflight.submit.settle import BalanceVerdict, resolve_as_not_charged, resolve_by_balance, resolve_by_task
from preflight.ui.services import Services

_TOLD: Final = 100
_TASK_CHARACTERS: Final = 200
_BY_HAND: Final = "look at your tasks at the service, then say here which task it is, or that nothing was charged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of settling an entry. ``is_settled``: its outcome is known now."""

    entry: int
    is_settled: bool
    text: str


class Settling:
    """Settles one entry at a time. What it told last is shown to every tab."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._told: OrderedDict[int, Told] = OrderedDict()

    def told(self, entry_id: int) -> Told | None:
        """What came of settling that entry here."""
        return self._told.get(entry_id)

    def by_balance(self, services: Services, entry_id: int) -> None:
        """Ask for the balance, or for the task that the answer named."""
        self._settle(services, entry_id, lambda entry: _by_balance(services, entry))

    def by_task(self, services: Services, entry_id: int, task_id: str) -> None:
        """It was accepted as that task, which the service is asked about."""
        self._settle(services, entry_id, lambda entry: _by_task(services, entry, task_id))

    def not_charged(self, services: Services, entry_id: int, *, is_sure: bool) -> None:
        """The user has made sure that nothing was charged."""
        self._settle(services, entry_id, lambda entry: _not_charged(services, entry, is_sure=is_sure))

    def _settle(self, services: Services, entry_id: int, how: Callable[[Entry], str]) -> None:
        with self._lock:  # a double click: the second one finds the entry settled
            services.ledger.mark_abandoned()
            entry = services.ledger.entry(entry_id)
            before = self._told.get(entry_id)
            if not is_in_doubt(entry) and before is not None and before.is_settled:
                return
            try:
                text = how(entry)
            except PreflightError as error:
                text = for_command(error)
            now = services.ledger.entry(entry_id)
            is_settled = not is_in_doubt(now)
            self._told[entry_id] = Told(entry=entry_id, is_settled=is_settled, text=text)
            self._told.move_to_end(entry_id)
            while len(self._told) > _TOLD:
                self._told.popitem(last=False)


def _by_balance(services: Services, entry: Entry) -> str:
    client = _client(services, entry)
    if entry.task_id is not None:
        return _by_task(services, entry, entry.task_id)
    if entry.state is not EntryState.ACCEPTED:  # else a first click has settled it
        entry, verdict = resolve_by_balance(services.ledger, client, entry)
        if verdict is not BalanceVerdict.CHARGED:
            return explained(verdict, entry, by_hand=_BY_HAND)
    return f"{entry.reason or 'it was accepted'}; say here which task it is"


def _by_task(services: Services, entry: Entry, task_id: str) -> str:
    task_id = task_id.strip()
    if not task_id or len(task_id) > _TASK_CHARACTERS:
        raise ConfigurationError("write the id of the task, as the service shows it")
    try:
        entry = resolve_by_task(services.ledger, _client(services, entry), entry, task_id)
    except TaskNotFound as error:
        raise ConfigurationError(f"the service has no task {task_id}: {_BY_HAND}") from error
    return f"it is task {entry.task_id}, which is {entry.state.value}"


def _not_charged(services: Services, entry: Entry, *, is_sure: bool) -> str:
    if not is_sure:
        raise ConfigurationError("tick the box first: a job that was charged after all would be paid for twice")
    resolve_as_not_charged(services.ledger, entry)
    return "nothing was charged, as you say: the job may be sent again"


def _client(services: Services, entry: Entry) -> Client:
    if services.client is None:
        raise ConfigurationError(services.why_no_key)
    if services.client.base_url != entry.api:
        raise ConfigurationError(
            f"it was sent to {entry.api}: start preflight ui with --api-url {as_argument(entry.api)}"
        )
    return services.client
