"""Renders what is about to be paid for: for the person who says yes, and for the log of a script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from preflight.redact import printable
from preflight.render.texts import phrases

if TYPE_CHECKING:
    from rich.console import Console

    from preflight.submit.proposal import Proposal

_COLUMN = 13


def question(proposal: Proposal, *, is_dearer: bool = False) -> str:
    """``Submit and pay up to 360 credits ($1.80)?``"""
    more = ", more than when it was checked" if is_dearer else ""
    return f"Submit and pay up to {phrases.highest(proposal.quote)}{more}?"


def render_proposal(proposal: Proposal, console: Console) -> None:
    """A line a fact, below the report of the check. Never wrapped: a hash or a URL can be copied whole."""
    console.print()
    for name, value in proposal_rows(proposal):
        console.print(Text.assemble((f"{name:<{_COLUMN}}", "bold"), printable(value)), soft_wrap=True)


def proposal_rows(proposal: Proposal) -> Iterator[tuple[str, str]]:
    """What is about to be paid for: the name of each fact and the fact, as text that nobody escaped."""
    quote, balance = proposal.quote, proposal.balance
    yield "job", proposal.name or "from options"
    for subject in proposal.report.subjects:
        file = proposal.files.get(subject.field or "")
        yield subject.kind.value, file.path if file else subject.source
        if file is not None:
            yield "sha256", file.sha256
    if quote.mode:
        yield "mode", quote.mode
    if quote.orientation:
        yield "orientation", quote.orientation
    yield "service", proposal.service
    if balance is None:
        yield "balance", proposal.why_unknown
    else:
        short = "" if proposal.is_covered else f", which does not cover {phrases.highest(quote)}"
        yield "balance", f"{balance:f} credits{short}"
    yield "price", phrases.headline(quote)
    yield "at most", phrases.highest(quote)
