"""The top of a page: verdicts, credits, and what fails most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from preflight.model import Verdict
from preflight.render.texts import phrases
from preflight.units import dollars, plain

if TYPE_CHECKING:
    from preflight.checking.totals import Totals
    from preflight.render.html.report_figures import Figures

RULE_HEAD: Final = ("rule", "jobs", "fail", "indeterminate", "pass")
_ORDER = (Verdict.FAIL, Verdict.INDETERMINATE, Verdict.PASS)


class Tile(NamedTuple):
    """One large figure. ``raw`` is its number as programs write it."""

    label: str
    value: str
    raw: str
    note: str | None = None
    kind: str = ""


class Overview(NamedTuple):
    """The sums over all jobs of a page or of a report that is split over several."""

    headline: str
    verdicts: Sequence[tuple[str, int]]
    tiles: Sequence[Tile]
    rules: Sequence[tuple[str, ...]]
    rule_head: Sequence[str] = RULE_HEAD


def overview_of(totals: Totals, figures: Figures) -> Overview:
    """The sums of ``totals``; ``figures`` has the prices in other modes, and the jobs by rule."""
    verdicts = [(verdict.value, totals.verdicts[verdict]) for verdict in _ORDER]
    counts = ", ".join(f"{count:,} {name}" for name, count in verdicts if count)
    jobs = f"{totals.jobs:,} {'job' if totals.jobs == 1 else 'jobs'}"
    return Overview(
        headline=f"{jobs}: {counts}" if counts else "no jobs",
        verdicts=verdicts,
        tiles=[*_verdict_tiles(totals), *_hidden_tile(totals), *_price_tiles(totals, figures)],
        rules=rule_rows(figures),
    )


def rule_rows(figures: Figures) -> list[tuple[str, ...]]:
    """Each rule with the jobs that it found something in, by the verdict of the job; those that fail most first."""
    ranked = sorted(
        figures.rules.items(), key=lambda each: (-each[1]["fail"], -each[1]["indeterminate"], -each[1].total(), each[0])
    )
    return [
        (rule, f"{counts.total():,}", *(f"{counts[verdict.value]:,}" for verdict in _ORDER)) for rule, counts in ranked
    ]


def _verdict_tiles(totals: Totals) -> Iterator[Tile]:
    for verdict in _ORDER:
        count = totals.verdicts[verdict]
        note = None
        if verdict is Verdict.PASS and totals.warned:
            note = f"{totals.warned:,} with warnings"
        yield Tile(verdict.value, f"{count:,}", str(count), note, verdict.value if count else "")


def _hidden_tile(totals: Totals) -> Iterator[Tile]:
    """The findings that are not shown: they may be of jobs with any verdict."""
    if count := totals.hidden.total():
        yield Tile("hidden findings", f"{count:,}", str(count), phrases.hidden_by(totals.hidden))


def _price_tiles(totals: Totals, figures: Figures) -> Iterator[Tile]:
    quote = totals.quote
    if quote is None:
        yield Tile("credits", "–", "", "no job has a price")
        return
    notes = [f"${dollars(quote.usd)}"]
    if totals.failing.jobs:
        notes.append(f"{shown(totals.failing.credits)} of the credits are for jobs that fail")
    if quote.unpriced:
        notes.append(f"{quote.unpriced:,} without a price: not free, but not known")
    yield Tile("credits", shown(quote.credits), f"{quote.credits:f}", "; ".join(notes))
    note = "no job has a range" if quote.low == quote.high else f"at least {shown(quote.low)}"
    yield Tile("at most", shown(quote.high), f"{quote.high:f}", note)
    for mode, credits_ in figures.in_mode.items():
        yield Tile(f"all in {mode}", shown(credits_), f"{plain(credits_):f}", "credits")


def shown(value: Decimal) -> str:
    """Credits for people: ``12,960`` and ``12.5``."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
