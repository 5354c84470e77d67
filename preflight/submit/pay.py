"""Sends the one paid request, and records its outcome in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from preflight.client import Client
from preflight.errors import (
    ApiRefusal,
    ApiUnreachable,
    ConfigurationError,
    LedgerUnusable,
    NotSubmitted,
    OutcomeUnknown,
)
from preflight.ledger import Balance, Claim, Ledger
from preflight.ledger.balances import has_fallen
from preflight.ledger.schema import SETTLING
from preflight.submit.settle import read_balance

_SENDINGS = 4
"""Of one paid request, where the service cannot have taken the one before."""


def pay(
    client: Client,
    body: Mapping[str, object],
    claim: Claim,
    ledger: Ledger,
    before: Balance | None,
    *,
    on_resend: Callable[[], object] = lambda: None,
) -> str:
    """Send ``body`` and return the task's id; ``before`` is the account's balance right before.

    ``on_resend`` is called before each sending but the first, and raises ``NotSubmitted`` where it must not leave.
    Raises as ``Client.create_task``. A refusal is ``OutcomeUnknown`` where credits were charged in spite of it, and
    after one the request is sent again only where they were not.
    """

    def send_again(number: int) -> None:
        if charged := _charged(client, claim, ledger, before):
            raise OutcomeUnknown(f"the service refused the job; {charged}")
        on_resend()
        claim.about_to_send(number)

    try:
        return client.create_task(body, attempts=_SENDINGS, on_attempt=send_again)
    except ApiRefusal as refusal:
        if charged := _charged(client, claim, ledger, before):
            doubt = OutcomeUnknown(
                f"{refusal.message}; {charged}",
                status=refusal.status,
                code=refusal.code,
                type=refusal.type,
                request_id=refusal.request_id,
            )
            _leave_unknown(claim, ledger, doubt)
            raise doubt from refusal
        _leave_refused(claim, refusal)
        raise
    except (ApiUnreachable, ConfigurationError, NotSubmitted) as error:
        _leave_refused(claim, error)
        raise
    except OutcomeUnknown as unknown:
        _leave_unknown(claim, ledger, unknown)
        raise
    except KeyboardInterrupt as interrupt:
        doubt = OutcomeUnknown("interrupted while the paid request was under way")
        _leave_unknown(claim, ledger, doubt)
        raise doubt from interrupt
    except BaseException:
        _leave_unknown(claim, ledger, OutcomeUnknown("the paid request ended in an error of preflight"))
        raise


def _charged(client: Client, claim: Claim, ledger: Ledger, before: Balance | None) -> str | None:
    """The sign that the request was charged for although it was refused; ``None`` where nothing does."""
    if before is None:
        return None
    after = read_balance(client, ledger.now, late=True)
    if after is None or not has_fallen(before, after) or not ledger.charged_alone(claim.entry_id, until=after.at):
        return None
    return f"but credits were charged meanwhile: the balance was {before.balance:f} and is {after.balance:f}"


def _leave_refused(claim: Claim, error: Exception) -> None:
    with suppress(LedgerUnusable):  # the refusal says more; an unrecorded outcome is settled as after a death
        claim.refused(str(error))


def _leave_unknown(claim: Claim, ledger: Ledger, unknown: OutcomeUnknown) -> None:
    """Whatever the answer was: the service may charge for the last attempt until the settling time has passed."""
    unknown.entry_id = claim.entry_id
    # A ledger that cannot be written says the same by itself, once this process has gone.
    with suppress(LedgerUnusable):
        claim.unknown(str(unknown), settles_at=ledger.now() + SETTLING, task_id=unknown.task_id)
