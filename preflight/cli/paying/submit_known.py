"""Says, in a dry run, that the ledger has the job already: a submission would be refused, or pay once more."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from preflight.cli.paying.service_session import ledger_to_read
from preflight.errors import LedgerUnusable
from preflight.ledger import EntryState
from preflight.model.shell_argument import as_argument

if TYPE_CHECKING:
    from preflight.ledger import Entry, PaidRequest


def known_job(request: PaidRequest, api: str, ledger_path: str | None, *, again: bool) -> str | None:
    """What the ledger has about the job of ``request``, and what to do; ``None`` for a new job.

    ``again``: the user asks for one more payment. A ledger that cannot be read holds no dry run back.
    """
    try:
        with ledger_to_read(ledger_path) as ledger:
            ledger.mark_abandoned()
            entry = ledger.last_of(request, api, refused=False)
    except LedgerUnusable as error:
        return f"whether this job was submitted before is not known: {error}"
    return None if entry is None else _told(entry, again=again)


def _told(entry: Entry, *, again: bool) -> str:
    when = f"{(entry.sent_at or entry.created_at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if entry.state is EntryState.UNKNOWN:
        return (
            f"this job may already have been paid for, on {when} (entry {entry.id} of the ledger); settle that first: "
            f"preflight ledger resolve {entry.id}"
        )
    if entry.state.in_doubt:
        return f"another process is submitting this job (entry {entry.id} of the ledger)"
    task = f"task {entry.task_id}, " if entry.task_id else ""
    submitted = f"this job was already submitted on {when} ({task}{entry.state.value}, entry {entry.id} of the ledger)"
    if again:
        return f"{submitted}; --again submits and pays again"
    shown = f"task show {as_argument(entry.task_id)}" if entry.task_id else f"ledger show {entry.id}"
    return f"{submitted}; preflight {shown} shows it; use --again to submit and pay again"
