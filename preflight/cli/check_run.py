"""One check of many targets: each job is written as it is known, and added up; none is kept without need."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from preflight.checking.totals import Totals
from preflight.cli.printing.report_output import append_step_summary, source_tree
from preflight.cli.printing.terminal import remark
from preflight.model import Report
from preflight.render.texts import phrases

if TYPE_CHECKING:
    from preflight.cli.printing.result_streams import ResultStreams
    from preflight.cli.printing.terminal import ProgressSign
    from preflight.cli.targets import Targets
    from preflight.model import JobReport
    from preflight.render.build_servers.github import SummaryRows


class CheckRun:
    """The results of one check. ``keeps_all`` keeps what a baseline needs to know of each job."""

    def __init__(self, streams: ResultStreams, targets: Targets, *, keeps_all: bool) -> None:
        self.totals = Totals()
        self.totals.skipped = targets.skipped.by_suffix
        self._streams = streams
        self._targets = targets
        self._keeps_all = keeps_all
        self._kept: list[JobReport] = []
        self._summary = _step_summary() if streams.wants_summary else None

    def go_through(self, jobs: Iterable[JobReport], spinner: ProgressSign) -> bool:
        """Write ``jobs`` as they come; whether they came to their end. At an interrupt, what is known is kept."""
        try:
            for job in jobs:
                self.totals.add(job)
                if self._keeps_all or (job.hidden and self._targets.commented):
                    self._kept.append(replace(job, quote=None, quotes=(), meta={}))
                if self._summary is not None:
                    self._summary.add(job)
                if self._streams:
                    self._streams.add(job, spinner)
        except KeyboardInterrupt:
            spinner.stop()
            self._say_interrupted()
            return False
        return True

    def finish(self) -> None:
        """Write the rest of the results. Raises ``ConfigurationError``."""
        try:
            self._streams.finish(self.totals)
        finally:
            if self._summary is not None:
                append_step_summary(self._summary, self.totals)

    @property
    def kept(self) -> Report:
        """The jobs that were kept, without their prices."""
        return Report(jobs=tuple(self._kept), verdict=self.totals.verdict)

    def _say_interrupted(self) -> None:
        files = self._streams.keep(self.totals)
        known = f"after {self.totals.jobs} job{'' if self.totals.jobs == 1 else 's'}"
        said = "" if self._streams.keeps_sums else phrases.tally(self.totals)  # the summary has said it
        remark(f"interrupted {known}{f': {said}' if said else ''}")
        for name in files:
            remark(f"the results so far are in {name}")


def _step_summary() -> SummaryRows | None:
    """The findings for the summary of a workflow's step, where there is one."""
    if not os.environ.get("GITHUB_STEP_SUMMARY"):
        return None
    from preflight.render.build_servers.github import SummaryRows  # only in a workflow

    return SummaryRows(source_tree())
