"""Workflow commands of GitHub Actions, and the table for a step's summary.

GitHub shows ten annotations of a kind a step, and fifty a job; the summary holds the others too. The table is HTML,
which Markdown passes through: inside it only HTML has a meaning, and HTML can be escaped completely.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain
from typing import ClassVar, Final

from preflight.checking.totals import Totals, totals_of
from preflight.checking.verdict import verdict_of_finding
from preflight.model import Finding, JobReport, Report, Severity, Verdict
from preflight.redact import printable
from preflight.render.build_servers.locations import SourceTree, spot_of, subject_of
from preflight.render.streams import Spool, whole
from preflight.render.texts import phrases

SUMMARY_BYTES: Final = 1024 * 1024
"""GitHub's bound on the summary of a step."""

_ROOM_FOR_THE_END = 200


class WorkflowCommands:
    """A line a finding, errors as they are found, and last a summary for readers of the log."""

    in_parts: ClassVar[bool] = True

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._later = {severity: Spool() for severity in (Severity.WARNING, Severity.NOTE)}

    def job(self, job: JobReport) -> str:
        now = []
        for finding in job.findings:
            line = f"{_command(finding, job, self._tree)}\n"
            if finding.severity in self._later:
                self._later[finding.severity].add(line)
            else:
                now.append(line)
        return "".join(now)

    def end(self, totals: Totals) -> Iterable[str]:
        for spool in self._later.values():
            yield from spool.read()
        yield f"preflight: {phrases.tally(totals)}\n"


def workflow_commands(report: Report, *, tree: SourceTree) -> list[str]:
    """The same for a whole report, by lines."""
    return whole(WorkflowCommands(tree), report).splitlines()


class SummaryRows:
    """The findings for a step's summary, as many as fit: those of each severity that come first."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._rows: dict[Severity, list[str]] = {severity: [] for severity in reversed(Severity)}
        self._room = dict.fromkeys(Severity, SUMMARY_BYTES)
        self.count = 0

    def add(self, job: JobReport) -> None:
        """Keep the findings of ``job``."""
        for finding in job.findings:
            self.count += 1
            if self._room[finding.severity] > 0:
                row = _row(finding, job, self._tree)
                self._room[finding.severity] -= len(row.encode())
                self._rows[finding.severity].append(row)

    def table(self, totals: Totals, *, room: int = SUMMARY_BYTES) -> str:
        """The findings as a table of at most ``room`` bytes in UTF-8; the last row says how many did not fit."""
        head = f"### preflight: {escape(phrases.tally(totals))}\n\n"
        if not self.count:
            return head if len(head.encode()) <= room else ""
        head += "<table>\n<tr><th></th><th>rule</th><th>where</th><th>what was found</th></tr>\n"
        left = room - len(head.encode()) - _ROOM_FOR_THE_END
        if left < 0:
            return ""
        kept = []
        for row in chain.from_iterable(self._rows.values()):
            left -= len(row.encode())
            if left < 0:
                break
            kept.append(row)
        if len(kept) < self.count:
            kept.append(f'<tr><td colspan="4">and {self.count - len(kept)} more</td></tr>\n')
        return "".join([head, *kept, "</table>\n\n"])


def step_summary(report: Report, *, tree: SourceTree, room: int = SUMMARY_BYTES) -> str:
    """The same for a whole report."""
    rows = SummaryRows(tree)
    for job in report.jobs:
        rows.add(job)
    return rows.table(totals_of(report.jobs), room=room)


def _command(finding: Finding, job: JobReport, tree: SourceTree) -> str:
    properties = []
    spot = spot_of(finding, job)
    if spot is not None:
        properties.append(("file", tree.shown(spot.path)))
        properties.append(("line", str(spot.line or 1)))
        if spot.column is not None:
            properties.append(("col", str(spot.column)))
    properties.append(("title", _title(finding)))
    message = "\n".join(printable(line) for line in _said(finding, job))
    said = ",".join(f"{name}={_property(printable(value))}" for name, value in properties)
    return f"::{_kind(finding, job)} {said}::{_data(message)}"


def _kind(finding: Finding, job: JobReport) -> str:
    """A finding that makes the step fail is an error, whatever its severity."""
    if verdict_of_finding(finding, job.fail_on) is not Verdict.PASS:
        return "error"
    return "notice" if finding.severity is Severity.NOTE else "warning"


def _title(finding: Finding) -> str:
    return f"{finding.rule} (indeterminate)" if finding.indeterminate else finding.rule


def _said(finding: Finding, job: JobReport) -> Iterator[str]:
    yield finding.message
    subject = subject_of(finding, job)
    if subject is not None:
        yield f"file: {subject.source}"
    if row := phrases.row(job):
        yield f"row: {row}"
    if finding.fix and finding.severity > Severity.NOTE:
        yield f"fix: {finding.fix}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _row(finding: Finding, job: JobReport, tree: SourceTree) -> str:
    spot, subject = spot_of(finding, job), subject_of(finding, job)
    fallback = subject.source if subject is not None else finding.field or ""
    where = spot.shown(tree) if spot is not None else fallback
    said = "<br>".join(escape(printable(line)) for line in _said(finding, job))
    label = "indeterminate" if finding.indeterminate else finding.severity.label
    cells = (label, f"<code>{finding.rule}</code>", f"<code>{escape(printable(where))}</code>", said)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
