"""The text of a check as it goes: up to 20 jobs in full, of more the failures first and the passes as a count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from preflight.checking.engine import add_up
from preflight.model import JobReport, Report, Verdict
from preflight.render.streams import Spool
from preflight.render.texts import in_order

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from preflight.checking.totals import Totals
    from preflight.render.texts.excerpts import LineOf

IN_FULL: Final = 20
"""Jobs that are shown in full, in their order."""
_REPAIRABLE = 100
"""Jobs that are looked through for the command that repairs files."""

LayOut = Callable[[Callable[["Console"], object]], str]


class TextStream:
    """Text for people. ``next_commands`` gives the commands that repair the files of a report."""

    in_parts: ClassVar[bool] = True

    def __init__(
        self,
        lay_out: LayOut,
        next_commands: Callable[[Report], Iterable[str]],
        lines: Callable[[], AbstractContextManager[LineOf]],
    ) -> None:
        self._lay_out = lay_out
        self._stack = ExitStack()
        self._line_of = self._stack.enter_context(lines())
        self._next_commands = next_commands
        self._held: list[JobReport] = []
        self._repairable: list[JobReport] = []
        self._untold = Spool()
        self._is_long = False

    def job(self, job: JobReport) -> str:
        if not self._is_long:
            self._held.append(job)
            if len(self._held) <= IN_FULL:
                return ""
            self._is_long = True
            held, self._held = self._held, []
            return "".join(map(self._one_of_many, held))
        return self._one_of_many(job)

    def _one_of_many(self, job: JobReport) -> str:
        if job.verdict is Verdict.PASS:
            return ""
        if len(self._repairable) < _REPAIRABLE and any(subject.address is None for subject in job.subjects):
            self._repairable.append(job)
        from preflight.render.texts.text import render_job  # loads rich

        text = self._lay_out(partial(render_job, job, line_of=self._line_of)) + "\n"
        if job.verdict is Verdict.FAIL:
            return text
        self._untold.add(text)
        return ""

    def end(self, totals: Totals) -> Iterator[str]:
        with self._stack:
            yield from self._end(totals)

    def _end(self, totals: Totals) -> Iterable[str]:
        if self._is_long:
            return self._end_of_many(totals)
        report = add_up(self._held)
        if in_order.is_enough(report):
            return (f"{line}\n" for line in in_order.render_lines(report))
        from preflight.render.texts.text import render_report  # loads rich

        commands = tuple(self._next_commands(report))
        return [self._lay_out(partial(render_report, report, next_commands=commands, line_of=self._line_of))]

    def _end_of_many(self, totals: Totals) -> Iterator[str]:
        from preflight.render.texts.text import render_end  # loads rich

        yield from self._untold.read()
        commands = tuple(self._next_commands(add_up(self._repairable)))
        yield self._lay_out(partial(render_end, totals, next_commands=commands))


class FindingsText:
    """The findings alone, as ``-q`` shows them: no facts, no prices, no sums."""

    in_parts: ClassVar[bool] = True

    def __init__(self, lay_out: LayOut, lines: Callable[[], AbstractContextManager[LineOf]]) -> None:
        self._lay_out = lay_out
        self._stack = ExitStack()
        self._line_of = self._stack.enter_context(lines())

    def job(self, job: JobReport) -> str:
        if not job.findings:
            return ""
        from preflight.render.texts.text import render_findings  # loads rich

        return self._lay_out(partial(render_findings, job, line_of=self._line_of)) + "\n"

    def end(self, totals: Totals) -> Iterable[str]:  # noqa: ARG002 - nothing is added up
        self._stack.close()
        return ()
