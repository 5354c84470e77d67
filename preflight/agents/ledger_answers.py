"""Answers to a repeated ``submit``, from the ledger alone: what came of a job that was sent before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from preflight.ledger import Entry, EntryState, PaidRequest
from preflight.render.objects.json_objects import SUBMISSION

_IN_DOUBT = {
    EntryState.INTENDED: "it is being sent; ask again in a minute",
    EntryState.SENT: "it is being sent; ask again in a minute",
    EntryState.UNKNOWN: "it may have been charged, and is not sent again: a person settles it with 'preflight ledger"
    " resolve {entry}'",
}


def answer_of(entry: Entry) -> dict[str, Any]:
    """The object of ``submit`` for a job that has ``entry`` already: nothing is paid for it again."""
    doubt = _IN_DOUBT.get(entry.state)
    failed = entry.reason if entry.state is EntryState.FAILED else None
    return {
        "schema": SUBMISSION,
        "state": entry.state.value,
        "task_id": entry.task_id,
        "quote": None,
        "outputs": [],
        "files": [],
        "media": [],
        "error": failed if doubt is None else doubt.format(entry=entry.id),
        "refunded": entry.refunded,
        "entry": entry.id,
        "repeated": True,
        "allowed_by": None,
    }


def of_identity(identity: str) -> PaidRequest:
    """A request that stands for every entry of the job of that identity, for looking it up."""
    return PaidRequest(
        job_hash=identity, job={}, model="", path=None, quote={}, high=Decimal(0), clocks={}, receipts=()
    )
