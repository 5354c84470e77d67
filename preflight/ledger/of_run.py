"""The entries of one run on disk: a page of them, and how many are in which state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from preflight.ledger.entry import Entry, EntryState
from preflight.ledger.queries import malformed, select_entries

if TYPE_CHECKING:
    from preflight.ledger.ledger import Ledger

_OF_RUN: Final = "WHERE (run = ? OR id IN (SELECT value FROM json_each(?)))"


def entries_of_run(
    ledger: Ledger,
    run: str,
    *,
    also: Iterable[int] = (),
    states: Sequence[EntryState] = (),
    limit: int,
    offset: int = 0,
) -> tuple[Entry, ...]:
    """Entries that were sent from the run with the id ``run``, and those of ``also``, the oldest first.

    ``states`` are the states that are wanted (none: all).
    """
    among = f" AND state IN ({', '.join('?' * len(states))})" if states else ""
    rest = f"{_OF_RUN}{among} ORDER BY id LIMIT {limit:d} OFFSET {offset:d}"
    asked = (run, json.dumps(sorted(also)), *(each.value for each in states))
    with ledger.reading() as connection:
        return tuple(select_entries(connection, rest, *asked))


def states_of_run(ledger: Ledger, run: str, *, also: Iterable[int] = ()) -> dict[EntryState, int]:
    """How many of these entries are in each state, in the order of the states."""
    sql = f"SELECT state, count(*) FROM entry {_OF_RUN} GROUP BY state"  # noqa: S608 - our own words
    found = dict[EntryState, int]()
    with ledger.reading() as connection:
        for state, count in connection.execute(sql, (run, json.dumps(sorted(also)))):
            with malformed("of the run"):
                found[EntryState(state)] = count
    return {state: found[state] for state in EntryState if state in found}
