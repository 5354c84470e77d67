"""Renders the payment of a run: what is about to be paid for, and what came of each job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from preflight.redact import printable, shorten
from preflight.render.objects.json_text import to_json, to_json_lines
from preflight.render.tabular.plain_table import aligned
from preflight.render.texts import phrases
from preflight.units import dollars, plain

if TYPE_CHECKING:
    from preflight.render.formats import Formats

SCHEMA: Final = "preflight.submissions/v1"
_ROWS_SHOWN = 50
_ID_CHARS = 32
_QUIET_STATES = ("accepted", "completed")
_COLUMN = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProposal:
    """What is about to be paid for. Amounts are credits; ``taken`` is what the run's budget has reserved already.

    ``local_files`` are uploaded first.
    """

    run: str
    service: str
    new: int
    known: int
    others: Mapping[str, int]
    credits: Decimal
    low: Decimal
    high: Decimal
    usd: Decimal
    budget: Decimal
    taken: Decimal
    balance: Decimal | None
    why_unknown: str
    local_files: int = 0

    @property
    def at_most(self) -> Decimal:
        """The most that saying yes may cost."""
        return min(self.high, max(self.budget - self.taken, Decimal(0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaid:
    """What came of a run: the objects of its jobs, and where the file with them is, if it ``is_kept``."""

    run: str
    lines: Sequence[Mapping[str, Any]]
    budget: Decimal
    taken: Decimal
    stopped: str | None
    file: str
    is_kept: bool = True


def run_question(proposal: RunProposal) -> str:
    """``Submit 2 jobs and pay up to 720 credits ($3.60)?``"""
    return f"Submit {phrases.jobs(proposal.new)} and pay up to {_amount(proposal.at_most, proposal)}?"


def proposal_lines(proposal: RunProposal) -> Iterator[str]:
    """A line a fact."""
    for name, value in proposal_facts(proposal):
        yield printable(f"{name:<{_COLUMN}}{value}")


def proposal_facts(proposal: RunProposal) -> Iterator[tuple[str, str]]:
    """The name and the value of each fact; one without a name belongs to the fact before it."""
    yield "run", proposal.run
    others = "".join(f", {count} {verdict}" for verdict, count in sorted(proposal.others.items()))
    yield "jobs", f"{proposal.new} to submit, {proposal.known} known to the ledger or repeated{others}"
    if proposal.local_files:
        files = "1 local file" if proposal.local_files == 1 else f"{proposal.local_files} local files"
        yield "uploads", f"{files}, each once, right before its first job is paid for"
    yield "service", proposal.service
    if proposal.balance is None:
        yield "balance", proposal.why_unknown
    else:
        short = "" if proposal.balance >= proposal.at_most else ", which does not cover all of it"
        yield "balance", f"{proposal.balance:f} credits{short}"
    span = "" if proposal.low == proposal.high else f", {proposal.low:f} to {proposal.high:f}"
    yield "price", f"{_amount(proposal.credits, proposal)}{span}"
    used = f", {proposal.taken:f} of it spent or reserved" if proposal.taken else ""
    yield "budget", f"{proposal.budget:f} credits for the run{used}"
    if proposal.high > proposal.budget - proposal.taken:
        yield "", "the budget may not cover every job: those that fit are sent"
    yield "at most", _amount(proposal.at_most, proposal)


def _amount(amount: Decimal, proposal: RunProposal) -> str:
    usd = proposal.usd * amount / proposal.credits if proposal.credits else Decimal(0)
    return f"{amount:f} credits (${dollars(plain(usd))})"


def paid_object(paid: RunPaid) -> dict[str, Any]:
    """``submit RUN`` as one document."""
    return {
        "schema": SCHEMA,
        "run": paid.run,
        "states": _states(paid),
        "budget": f"{paid.budget:f}",
        "taken": f"{paid.taken:f}",
        "stopped": paid.stopped,
        "file": paid.file,
        "jobs": list(paid.lines),
    }


def paid_lines(paid: RunPaid) -> Iterator[str]:
    """A table of the jobs, those that need attention first, and the sums. Ids are never cut."""
    ordered = sorted(paid.lines, key=lambda line: (line["state"] in _QUIET_STATES, line["row"]))
    shown = [_cells(line) for line in ordered[:_ROWS_SHOWN]]
    if shown:
        yield from aligned([("row", "id", "state", "credits", "task", ""), *shown], right=(0, 3))
    if len(ordered) > len(shown):
        yield f"and {len(ordered) - len(shown)} more, {len(ordered)} in all"
    if shown:
        yield ""
    counted = ", ".join(f"{count} {state}" for state, count in _states(paid).items())
    yield f"{phrases.jobs(len(paid.lines))}: {counted}" if paid.lines else "no job passed its check: nothing to submit"
    yield f"{paid.taken:f} of {paid.budget:f} credits of the budget are spent or reserved"
    if paid.stopped is not None:
        yield f"stopped: {paid.stopped}"
    unknown = [line for line in paid.lines if line["state"] == "unknown" and line["entry"] is not None]
    if unknown:
        yield f"next: preflight ledger resolve {unknown[0]['entry']}, for each that is unknown"
    if any(line["state"] == "not-sent" for line in paid.lines):
        yield "jobs that were not sent: the same command again sends those that can be"
    if paid.is_kept:
        yield f"results: {paid.file}"
    else:
        yield f"{paid.file} lacks these jobs: the same command again writes it, and pays for none of them twice"


def _states(paid: RunPaid) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in paid.lines:
        found[line["state"]] = found.get(line["state"], 0) + 1
    return dict(sorted(found.items()))


def _cells(line: Mapping[str, Any]) -> tuple[str, ...]:
    files = line["files"]
    note = str(line["error"] or "").removeprefix("not sent: ") or (f"saved {files[0]}" if files else "")
    price = (line["quote"] or {}).get("credits", "")
    name = shorten(printable(str(line["id"] or "")), _ID_CHARS)
    return str(line["row"]), name, str(line["state"]), f"{price}", line["task_id"] or "–", printable(str(note))


RUN_PAID: Formats[RunPaid] = {
    "text": lambda paid, _: "".join(f"{printable(line)}\n" for line in paid_lines(paid)),
    "json": lambda paid, _: to_json(paid_object(paid)),
    "jsonl": lambda paid, _: to_json_lines(paid.lines),
}
"""The formats of one submission, for a run."""
