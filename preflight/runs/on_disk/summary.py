"""``summary.json``: the counts of a whole run, added up from those of its parts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from preflight.checking.totals import HIDERS
from preflight.checking.verdict import Outcome
from preflight.model import Verdict
from preflight.render.objects.json_text import to_json
from preflight.runs.on_disk.store import Store, read_object
from preflight.runs.on_disk.tally import VERDICTS, Tally
from preflight.units import dollars

SCHEMA: Final = "preflight.summary/v1"
NAME: Final = "summary.json"
_ELAPSED_S: Final = 1e9
"""A start takes less: some thirty years."""


def add_up(tallies: Iterable[Tally]) -> Tally:
    """The sum of ``tallies``."""
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total


def summary_object(total: Tally, *, elapsed_s: float) -> dict[str, Any]:
    """The object of ``summary.json``. ``elapsed_s`` is of the last start of the run that did something."""
    unpriced = total.rows - total.priced
    quote = None if not total.priced else {
        "credits": _number(total.credits),
        "low": f"{total.low:f}",
        "high": f"{total.high:f}",
        "exact": not total.inexact and not unpriced,
        "usd": dollars(total.usd),
        "unpriced": unpriced,
    }  # fmt: skip
    passing = None if not total.passing_priced else {
        "credits": _number(total.passing_credits),
        "low": f"{total.passing_low:f}",
        "high": f"{total.passing_high:f}",
        "usd": dollars(total.passing_usd),
        "rows": total.passing_priced,
    }  # fmt: skip
    verdicts = {name: total.verdicts[name] for name in VERDICTS}
    return {
        "schema": SCHEMA,
        "verdict": outcome(total).verdict.value,
        "rows": total.rows,
        "verdicts": verdicts,
        "quote": quote,
        "passing": passing,
        "over_budget": total.over_budget,
        "swapped": total.swapped,
        "hidden": {name: total.hidden[name] for name in HIDERS if total.hidden[name]},
        "rules": {rule: sum(counts.values()) for rule, counts in sorted(total.rules.items())},
        "histograms": {
            **{name: histogram.to_object() for name, histogram in total.histograms.items()},
            "rules": {rule: _verdicts(counts) for rule, counts in sorted(total.rules.items())},
            "hosts": {host: _verdicts(counts) for host, counts in sorted(total.hosts.items())},
        },
        "bytes": total.bytes,
        "requests": total.requests,
        "sent_again": total.sent_again,
        "elapsed_s": round(elapsed_s, 1),
    }


def write_summary(store: Store, summary: dict[str, Any]) -> None:
    """Write ``summary.json``."""
    store.write(NAME, to_json(summary).encode())


def read_summary(store: Store) -> dict[str, Any]:
    """The object of ``summary.json``; an empty one where there is none, or something else. Raises ``RunUnusable``.

    It may be of an earlier start: a process that writes the last part may die before it writes the summary.
    """
    return read_object(store, NAME)


def elapsed_in(summary: dict[str, Any]) -> float:
    """The seconds that a ``summary`` which may hold anything says of its start; 0 where it does not say."""
    match summary.get("elapsed_s"):
        case bool():
            return 0.0
        case int() | float() as seconds if 0 <= seconds < _ELAPSED_S:
            return float(seconds)
    return 0.0


def outcome(total: Tally) -> Outcome:
    """What the exit code depends on."""
    worst = next((name for name in ("fail", "indeterminate") if total.verdicts[name]), "pass")
    return Outcome(jobs=total.rows, verdict=Verdict(worst), over_budget=bool(total.over_budget))


def _number(credits_: Decimal) -> int | float:
    return int(credits_) if credits_ == credits_.to_integral_value() else float(credits_)


def _verdicts(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in VERDICTS if counts.get(name)}
