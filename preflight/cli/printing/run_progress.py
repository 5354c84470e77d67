"""How a run goes: one line that changes on a terminal, else a line every ten seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from preflight.cli.printing.guard import is_ci
from preflight.cli.printing.terminal import remark
from preflight.render.texts.phrases import size
from preflight.runs.engines.checker import Headway

if TYPE_CHECKING:
    from preflight.runs.carry_out import State
    from preflight.runs.on_disk.tally import Tally

_EVERY_S = 10.0


class EveryTenSeconds:
    """Says how far something is: ``show`` puts a text in place of the last one; else a line every ten seconds."""

    def __init__(
        self, show: Callable[[str], object], *, hidden: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._show, self._hidden, self._clock = show, hidden, clock
        self._is_live = sys.stderr.isatty() and not is_ci(os.environ)
        self._said = clock()

    def say(self, text: Callable[[], str]) -> None:
        """Show ``text``, as often as that is wanted."""
        if self._hidden:
            return
        if self._is_live:
            self._show(text())
        elif self._clock() - self._said >= _EVERY_S:
            self._said = self._clock()
            remark(text())


def manifest_read(rows: int, part: float) -> str:
    """How far the pass over a manifest is: ``reading the manifest: 405,000 rows, 41 % of the file``."""
    return f"reading the manifest: {rows:,} rows, {part:.0%} of the file".replace("%", " %")


class RunProgress:
    """Observes a run. ``show`` puts a text in place of the last one; lines go to standard error where it cannot."""

    def __init__(
        self, show: Callable[[str], object], *, hidden: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shown = EveryTenSeconds(show, hidden=hidden, clock=clock)
        self._hidden = hidden
        self._clock = clock
        self._began = clock()
        self._rows = self._parts = self._parts_done = 0
        self._before = self._so_far = Headway()

    def indexed(self, rows: int, part: float) -> None:
        """Show how far the pass over the manifest is."""
        self._shown.say(lambda: manifest_read(rows, part))

    def counted(self, parts: int, there: int) -> None:
        """Show how many of the parts that are there were read."""
        self._shown.say(lambda: f"reading the parts that are there: {parts:,} of {there:,}")

    def began(self, state: State, before: Tally) -> None:
        self._rows, self._parts, self._parts_done = state.rows, state.parts, state.parts_done
        self._began = self._clock()
        verdicts = before.verdicts
        self._before = Headway(
            rows=before.rows,
            passed=verdicts["pass"],
            failed=verdicts["fail"],
            indeterminate=verdicts["indeterminate"],
        )
        if state.parts_done and not self._hidden:
            remark(f"going on: {state.parts_done} of {state.parts} parts are there")
        self.tick()

    def progressed(self, progress: Headway) -> None:
        self._so_far.add(progress)

    def part_done(self) -> None:
        self._parts_done += 1

    def tick(self) -> None:
        """Show how far it is, as often as that is wanted."""
        self._shown.say(self.text)

    @property
    def parts_done(self) -> tuple[int, int]:
        """Parts that are complete, and all."""
        return self._parts_done, self._parts

    def text(self) -> str:
        """Rows done of all, rate, time left, verdicts, what was read."""
        now, before = self._so_far, self._before
        elapsed = max(self._clock() - self._began, 0.001)
        rate = now.rows / elapsed
        done = before.rows + now.rows
        left = _clock_text((self._rows - done) / rate) if now.rows and done < self._rows else "-"
        again = f", {now.sent_again:,} sent again" if now.sent_again else ""
        return (
            f"{min(done, self._rows):,} of {self._rows:,} rows, {rate:,.1f}/s, {left} left: "
            f"{before.passed + now.passed:,} pass, {before.failed + now.failed:,} fail, "
            f"{before.indeterminate + now.indeterminate:,} indeterminate; "
            f"{size(now.bytes)}, {now.requests:,} requests{again}"
        )


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
