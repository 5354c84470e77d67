"""Renders entries of the ledger and the calibration: JSON for programs, text for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from preflight.ledger import Balance, Entry, EntryState
from preflight.ledger.calibration import Candidate, Observation, policies_that_fit, telling_seconds
from preflight.model.shell_argument import as_argument
from preflight.redact import printable
from preflight.render.tabular.plain_table import aligned

LEDGER, CALIBRATION = "preflight.ledger/v1", "preflight.calibration/v1"

_WIDE = 100
"""The width from which a table has room for the ids of tasks."""
_SHORT = 9

_NAMES = ("entry", "when (UTC)", "state", "credits", "task", "job")
_STYLES = {
    EntryState.COMPLETED: "green",
    EntryState.ACCEPTED: "green",
    EntryState.FAILED: "red",
    EntryState.REFUSED: "dim",
    EntryState.UNKNOWN: "bold yellow",
}


def ledger_object(entries: Sequence[Entry]) -> dict[str, Any]:
    """``ledger list``, ``show`` and ``resolve``."""
    return {"schema": LEDGER, "entries": [entry_object(entry) for entry in entries]}


def entry_object(entry: Entry) -> dict[str, Any]:
    """One entry, and one line of ``jsonl``."""
    return {
        "id": entry.id,
        "state": entry.state.value,
        "task_id": entry.task_id,
        "path": entry.path,
        "model": entry.model,
        "api": entry.api,
        "identity": entry.job_hash,
        "content_identity": entry.content_hash,
        "created_at": _iso(entry.created_at),
        "sent_at": _iso(entry.sent_at),
        "updated_at": _iso(entry.updated_at),
        "settles_at": _iso(entry.settles_at),
        "attempts": entry.attempts,
        "run": entry.run,
        "quote": dict(entry.quote),
        "charged": _plain(entry.charged),
        "refunded": entry.refunded,
        "reason": entry.reason,
        "job": dict(entry.job),
        "clocks": dict(entry.clocks),
        "receipts": [dict(receipt) for receipt in entry.receipts],
        "balances": {moment: _balance(balance) for moment, balance in entry.balances.items()},
        "events": [{"at": _iso(event.at), "state": event.state.value, "what": event.what} for event in entry.events],
    }


def calibration_object(observations: Sequence[Observation], found: Sequence[Candidate]) -> dict[str, Any]:
    """``ledger calibrate``."""
    return {
        "schema": CALIBRATION,
        "entries": [observation.entry_id for observation in observations],
        "fits": list(policies_that_fit(found)),
        "candidates": [
            {"rounding": each.rounding, "clock": each.clock, "credits": each.credits, "fits": each.fits, "of": each.of}
            for each in found
        ],
    }


def render_entries(entries: Sequence[Entry], console: Console) -> None:
    """A line an entry, then the number of unknown outcomes."""
    if not entries:
        console.print("no submissions yet")
        return
    if not console.is_terminal:
        for line in aligned([_NAMES, *map(_cells, entries)], right=(0, 3)):
            console.print(line, soft_wrap=True)
        _say_unknown(entries, console)
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("entry", justify="right")
    table.add_column("when (UTC)", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("credits", justify="right", no_wrap=True)
    table.add_column("task", no_wrap=True)
    table.add_column("job", overflow="fold")
    for entry in entries:
        number, when, state, price, _, path = _cells(entry)
        shown = Text(state, style=_STYLES.get(entry.state, ""))
        table.add_row(number, when, shown, price, _task(entry.task_id, whole=console.width >= _WIDE), path)
    console.print(table)
    _say_unknown(entries, console)


def _cells(entry: Entry) -> tuple[str, ...]:
    when = f"{entry.created_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    path = printable(entry.path or "–")
    return str(entry.id), when, entry.state.value, _credits(entry), printable(entry.task_id or "–"), path


def _say_unknown(entries: Sequence[Entry], console: Console) -> None:
    unknown = [entry for entry in entries if entry.state is EntryState.UNKNOWN]
    if unknown:
        console.print(
            f"\n{len(unknown)} with an unknown outcome; they count against the budget:"
            f" preflight ledger resolve {unknown[0].id}",
            soft_wrap=True,
        )


def render_entry(entry: Entry, console: Console) -> None:
    """Everything about one entry."""
    console.print(Text.assemble((entry.state.value, _STYLES.get(entry.state, "bold")), f"  entry {entry.id}"))
    rows = [
        ("job", printable(entry.path or "–")),
        ("model", entry.model),
        ("service", entry.api),
        ("task", entry.task_id or "–"),
        ("price", _price(entry)),
        ("charged", "not seen" if entry.charged is None else f"{entry.charged:f} credits"),
    ]
    weighed = sorted(entry.balances.items(), key=lambda each: each[1].at)
    rows += [(f"balance {moment}", f"{each.balance:f} credits") for moment, each in weighed]
    if entry.state is EntryState.FAILED:
        rows.append(("refunded", {True: "yes", False: "not yet", None: "not seen"}[entry.refunded]))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(f"  {name}", value)
    for event in entry.events:
        table.add_row(
            f"  {event.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", f"{event.state.value}: {printable(event.what)}"
        )
    console.print(table)
    for receipt in entry.receipts:
        if receipt.get("sha256"):
            console.print(f"  sha256  {printable(str(receipt['sha256']))}", soft_wrap=True)
    if entry.state is EntryState.UNKNOWN:
        console.print(f"  next: preflight ledger resolve {entry.id}", soft_wrap=True)
    if entry.state is EntryState.ACCEPTED and entry.task_id is None:
        console.print("  the service's dashboard and the callback show its task id")
        console.print(f"  next: preflight ledger resolve {entry.id} --task ID", soft_wrap=True)
    if entry.state is EntryState.ACCEPTED and entry.task_id is not None:
        console.print(f"  next: preflight task wait {as_argument(entry.task_id)}", soft_wrap=True)


def render_calibration(observations: Sequence[Observation], found: Sequence[Candidate], console: Console) -> None:
    """The policies that fit the charges, and the setting to change."""
    if not observations:
        console.print(
            "no charges recorded yet: submit jobs one after another, with clips of fractional lengths such as 8.4 s"
        )
        return
    entries = ", ".join(str(observation.entry_id) for observation in observations)
    seen = "1 charge was seen (entry" if len(observations) == 1 else f"{len(observations)} charges were seen (entries"
    console.print(f"{seen} {entries})\n")
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("rounding of seconds", "clock", "of credits", "explains"):
        table.add_column(name, no_wrap=True)
    for each in found:
        style = "green" if each.explains_all else "dim"
        table.add_row(each.rounding, each.clock, each.credits, Text(f"{each.fits} of {each.of}", style=style))
    console.print(table)
    fitting = policies_that_fit(found)
    console.print()
    if len(fitting) == 1:
        console.print(f'the service rounds by {fitting[0]}; in the settings: rounding = "{fitting[0]}"')
    elif fitting:
        seconds = telling_seconds(fitting)
        hint = f"; a clip of {float(seconds):g} s would tell them apart" if seconds is not None else ""
        console.print(f"several policies fit: {', '.join(fitting)}{hint}")
    else:
        console.print("no policy explains every charge: another charge came in between, or the prices changed")


def _task(task_id: str | None, *, whole: bool) -> str:
    if task_id is None:
        return "–"
    return task_id if whole or len(task_id) <= _SHORT else f"{task_id[: _SHORT - 1]}…"


def _credits(entry: Entry) -> str:
    return str(entry.quote.get("credits", "–")) if entry.charged is None else f"{entry.charged:f}"


def _price(entry: Entry) -> str:
    price, low, high = (entry.quote.get(name) for name in ("credits", "low", "high"))
    return "–" if price is None else f"{price} credits" + ("" if low == high else f", {low}–{high}")


def _balance(balance: Balance) -> dict[str, Any]:
    return {"at": _iso(balance.at), "balance": _plain(balance.balance), "consumed": _plain(balance.consumed)}


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
