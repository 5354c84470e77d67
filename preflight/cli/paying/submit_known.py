"""Says, in a dry run, that the ledger has the job already: a submission would be refused, or pay once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.cli.paying.service_session import ledger_to_read
from preflight.errors import LedgerUnusable
from preflight.ledger.policy import earlier_entry, said_of
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
            with ledger.reading() as connection:
                entry = earlier_entry(connection, request, api)
    except LedgerUnusable as error:
        return f"whether this job was submitted before is not known: {error}"
    return None if entry is None else f"{said_of(entry, is_dated=True)}{_next_step(entry, again=again)}"


def _next_step(entry: Entry, *, again: bool) -> str:
    """What the user can do about an ``entry`` that is settled."""
    if entry.state.in_doubt:
        return ""
    if again:
        return "; --again submits and pays again"
    shown = f"task show {as_argument(entry.task_id)}" if entry.task_id else f"ledger show {entry.id}"
    return f"; preflight {shown} shows it; use --again to submit and pay again"
