"""Renders a list of the ledger with its sums: as text, as JSON, and as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from preflight.redact import printable
from preflight.render.objects.json_text import to_json, to_json_lines
from preflight.render.payments.ledger import entry_object, ledger_object, render_entries
from preflight.render.tabular.plain_table import aligned
from preflight.render.tabular.row_tables import table_of

if TYPE_CHECKING:
    from rich.console import Console

    from preflight.ledger import Entry
    from preflight.ledger.sums import Sum, Sums
    from preflight.render.surroundings import Surroundings

_COLUMNS = (
    "entry", "created_at", "state", "credits", "low", "high", "charged", "refunded", "task", "run", "model", "service",
    "job", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Entries, and the sums over all that match, of which these may be the newest only."""

    entries: Sequence[Entry]
    sums: Sums


def listing_text(listing: Listing, around: Surroundings) -> str:
    """The entries, or their groups, and the sum."""

    def render(console: Console) -> None:
        if listing.sums.by is None:
            render_entries(listing.entries, console)
        elif listing.sums.groups:
            # A run is known by a number of its own; people know it by its manifest.
            more = ("manifest",) if listing.sums.by == "run" else ()
            rows = [
                (each.name or "(none)", *_figures(each), *(printable(_manifest(each) or "–") for _ in more))
                for each in listing.sums.groups
            ]
            for line in aligned(
                [(listing.sums.by, "entries", "credits", "charged", "unknown", *more), *rows], right=(1, 2, 3)
            ):
                console.print(line, soft_wrap=True)
        else:
            console.print("no submissions yet")
        if listing.sums.whole.entries:
            console.print()
            console.print(_total(listing), soft_wrap=True)

    return around.lay_out(render)


def listing_json(listing: Listing, _: Surroundings) -> str:
    """One document: the entries, and under ``sums`` all of them and the groups."""
    sums = listing.sums
    is_of_runs = sums.by == "run"
    groups = [
        {"name": each.name, **({"path": _manifest(each)} if is_of_runs else {}), **_sum_object(each)}
        for each in sums.groups
    ]
    return to_json(
        {**ledger_object(listing.entries), "sums": {**_sum_object(sums.whole), "by": sums.by, "groups": groups}}
    )


def listing_json_lines(listing: Listing, _: Surroundings) -> str:
    """An entry a line; with groups, a group a line."""
    if listing.sums.by is None:
        return to_json_lines(map(entry_object, listing.entries))
    return to_json_lines({listing.sums.by: each.name, **_sum_object(each)} for each in listing.sums.groups)


def listing_csv(listing: Listing, _: Surroundings) -> str:
    """An entry a row; with groups, a group a row. No sum: a spreadsheet would count it once more."""
    if listing.sums.by is None:
        return table_of(map(_row, listing.entries), _COLUMNS)
    more = ("path",) if listing.sums.by == "run" else ()
    names = (listing.sums.by, "entries", "credits", "charged", "unknown", *more)
    groups = listing.sums.groups
    return table_of(
        (
            [
                each.name,
                each.entries,
                f"{each.cost:f}",
                f"{each.charged:f}",
                each.unknown,
                *(_manifest(each) or "" for _ in more),
            ]
            for each in groups
        ),
        names,
    )


def _row(entry: Entry) -> list[Any]:
    price, low, high = (entry.quote.get(name, "") for name in ("credits", "low", "high"))
    return [
        entry.id, entry.created_at.astimezone(UTC).isoformat(timespec="seconds"), entry.state.value, price, low, high,
        "" if entry.charged is None else f"{entry.charged:f}",
        "" if entry.refunded is None else str(entry.refunded).lower(),
        entry.task_id or "", entry.run or "", entry.model, entry.api, entry.path or "", entry.reason or "",
    ]  # fmt: skip


def _manifest(run: Sum) -> str | None:
    """The manifest of a run; jobs by themselves have none."""
    return run.path if run.name else None


def _figures(each: Sum) -> tuple[str, str, str, str]:
    return str(each.entries), f"{each.cost:f}", f"{each.charged:f}", str(each.unknown or "")


def _total(listing: Listing) -> str:
    whole, shown = listing.sums.whole, len(listing.entries)
    entries = "1 entry" if whole.entries == 1 else f"{whole.entries} entries"
    part = f" ({shown} shown)" if listing.sums.by is None and shown < whole.entries else ""
    return f"{entries}{part}: {whole.cost:f} credits spent or reserved, {whole.charged:f} of them seen to be charged"


def _sum_object(each: Sum) -> dict[str, Any]:
    return {
        "entries": each.entries,
        "credits": f"{each.cost:f}",
        "charged": f"{each.charged:f}",
        "unknown": each.unknown,
    }
