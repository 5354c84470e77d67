"""The entries of a ledger added up, without reading what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from preflight.ledger.entry import EntryState, cost_of
from preflight.ledger.groups import GROUPS
from preflight.ledger.queries import amount_of, cost_of_all, malformed, stamp

if TYPE_CHECKING:
    from preflight.ledger.ledger import Ledger


@dataclass(slots=True, kw_only=True)
class Sum:
    """Some entries: how many, what they count in a budget, and how much of that was seen to be charged, in credits.

    ``path`` is the file of their jobs, where that is one for all: of a run, its manifest.
    """

    name: str = ""
    path: str | None = None
    entries: int = 0
    cost: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)
    unknown: int = 0

    def add(self, state: EntryState, *, cost: Decimal, charged: Decimal | None) -> None:
        self.entries += 1
        self.cost += cost
        self.charged += min(charged or Decimal(0), cost)
        self.unknown += state is EntryState.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sum over all entries that were asked for, and over each group of them, in the order of their names."""

    whole: Sum
    by: str | None
    groups: tuple[Sum, ...]


def add_up(
    ledger: Ledger, *, states: Sequence[EntryState] = (), since: datetime | None = None, by: str | None = None
) -> Sums:
    """The sums over the entries in any of ``states`` (none: in all), made at ``since`` or later, by a key of
    ``GROUPS``."""
    among = f" AND state IN ({', '.join('?' * len(states))})" if states else ""
    name = "''" if by is None else GROUPS[by]
    sql = f"SELECT id, {name}, path, state, high, charged, refunded FROM entry WHERE created_at >= ?{among}"  # noqa: S608 - our own words
    whole, groups = Sum(), dict[str, Sum]()
    with ledger.reading() as connection:
        values = ["" if since is None else stamp(since), *(state.value for state in states)]
        for entry_id, group, path, state, high, charged, refunded in connection.execute(sql, values):
            with malformed(entry_id):
                found = EntryState(state)
                seen = None if charged is None else amount_of(charged)
                cost = cost_of(found, high=amount_of(high), charged=seen, refunded=bool(refunded))
            for each in (whole, groups.setdefault(str(group), Sum(name=str(group), path=path))):
                each.path = path if each.path == path else None
                each.add(found, cost=cost, charged=seen)
    return Sums(whole=whole, by=by, groups=() if by is None else tuple(groups[each] for each in sorted(groups)))


def cost_of_run(ledger: Ledger, run: str) -> Decimal:
    """The amount of a run's entries in its budget, in credits."""
    with ledger.reading() as connection:
        return cost_of_all(connection, "WHERE run = ?", run)
