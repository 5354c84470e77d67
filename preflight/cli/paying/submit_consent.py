"""Shows what is about to be paid for, and asks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from preflight.cli.printing.output import emit
from preflight.cli.printing.report_output import surroundings
from preflight.cli.printing.terminal import ask_for_line, tell_beside
from preflight.errors import NotSubmitted
from preflight.model import Quote, Report
from preflight.render.formats import REPORT
from preflight.render.payments.about_to_pay import question, render_proposal
from preflight.render.texts import phrases
from preflight.submit.proposal import Proposal

if TYPE_CHECKING:
    from preflight.cli.options.option_groups import OutputOptions
    from preflight.submit.recheck import SavedCheck

_TRIES = 3
_YES, _NO = {"y", "yes"}, {"", "n", "no"}


class Consent:
    """The user's yes. ``is_given`` where ``--yes`` stands for it; ``is_dry`` where nothing is going to be paid.

    The proposal goes to standard output only where that is a terminal: elsewhere it holds the result alone.
    """

    def __init__(self, output: OutputOptions, *, is_given: bool, is_dry: bool = False) -> None:
        self._output = output
        self._is_given = is_given
        self._is_dry = is_dry

    def require_somebody(self, quote: Quote) -> None:
        """Raise ``UsageError`` where nobody can be asked: before files are uploaded, and before a long wait."""
        if not self._is_given and not self._is_dry and not sys.stdin.isatty():
            price = phrases.price(quote)
            raise click.UsageError(f"this would pay {price}, and standard input is not a terminal: add --yes")

    def show(self, proposal: Proposal) -> None:
        """Print the report of the check, and what is about to be paid for. ``--quiet`` hides it, unless it asks."""
        asks = not self._is_given and not self._is_dry
        if self._output.quiet and not asks:
            return
        is_text = self._output.format == "text" and self._output.file is None and not self._is_dry
        on_stdout = is_text and sys.stdout.isatty()
        around = surroundings(None, is_beside=not on_stdout)
        report = Report(jobs=(proposal.report,), verdict=proposal.report.verdict)
        text = REPORT["text"](report, around)
        text += around.lay_out(lambda console: render_proposal(proposal, console))
        if on_stdout:
            emit(text + "\n", None)
        else:
            tell_beside(text)

    def ask(self, proposal: Proposal, saved: SavedCheck | None = None) -> None:
        """Return on a yes. Raises ``NotSubmitted`` for a no, and for a price that nobody has agreed to."""
        is_dearer = saved is not None and proposal.quote.high > saved.high
        if self._is_given and saved is not None and is_dearer:
            raise NotSubmitted(f"not sent: it may cost more than the {saved.high:f} credits of the saved check")
        if self._is_given:
            return
        self.require_somebody(proposal.quote)
        if not answer(f"{question(proposal, is_dearer=is_dearer)} [y/N] "):
            raise NotSubmitted("not submitted")


def answer(text: str) -> bool:
    """The answer of a person to the question ``text``; no answer and an end of input are a no."""
    try:
        for _ in range(_TRIES):
            said = ask_for_line(text)
            if said is None:
                return False
            if said.lower() in _YES | _NO:
                return said.lower() in _YES
            tell_beside("answer y or n")
    except KeyboardInterrupt as interrupt:
        interrupt.add_note("not submitted")
        raise
    return False
