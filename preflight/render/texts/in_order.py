"""Renders media files that pass, one line each, without loading a layout library."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.checking.totals import all_hidden
from preflight.model import JobReport, Report
from preflight.redact import printable
from preflight.render.texts import phrases


def is_enough(report: Report) -> bool:
    """Whether every job is a file by itself without any finding."""
    return all(map(is_in_order, report.jobs))


def is_in_order(job: JobReport) -> bool:
    """Whether a job is a file by itself without any finding."""
    return job.bare and bool(job.subjects) and not job.findings


def render_lines(report: Report) -> Iterator[str]:
    """``pass  picture.png  PNG · 720×1280 · RGB · 84 KB``"""
    for job in report.jobs:
        label = phrases.label_of(job.verdict, job.subjects)
        for subject in job.subjects:
            yield f"{label}  {printable(subject.source)}  {phrases.measured(subject)}"
    if hidden := phrases.hidden(all_hidden(report.jobs)):
        yield hidden
