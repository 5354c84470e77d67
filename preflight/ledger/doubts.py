"""The entries of which somebody has to say what came of them, found without reading the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from preflight.ledger.entry import Entry, EntryState
from preflight.ledger.queries import select_entries

if TYPE_CHECKING:
    from preflight.ledger.ledger import Ledger

_OPEN: Final = "WHERE state = 'unknown' OR (state = 'accepted' AND task_id IS NULL)"


def is_in_doubt(entry: Entry) -> bool:
    """Whether somebody has to say what came of the entry."""
    return entry.state is EntryState.UNKNOWN or (entry.state is EntryState.ACCEPTED and entry.task_id is None)


def doubts(ledger: Ledger, *, limit: int) -> tuple[Entry, ...]:
    """The entries in doubt, the latest first."""
    with ledger.reading() as connection:
        return tuple(select_entries(connection, f"{_OPEN} ORDER BY id DESC LIMIT {limit:d}"))


def ids_in_doubt(ledger: Ledger) -> set[int]:
    """The ids of all entries in doubt."""
    with ledger.reading() as connection:
        return {found for (found,) in connection.execute(f"SELECT id FROM entry {_OPEN}")}  # noqa: S608 - our own words
