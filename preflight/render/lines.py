"""Bare files that are in order, a line each: no more is worth a reader's time or a layout library."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.model import Report
from preflight.redact import printable
from preflight.render import words


def is_enough(report: Report) -> bool:
    """Whether every job is a file by itself about which there is nothing to say."""
    return all(job.bare and not job.findings for job in report.jobs)


def render_lines(report: Report) -> Iterator[str]:
    """``pass  picture.png  PNG · 720×1280 · RGB · 84 KB``"""
    for job in report.jobs:
        for subject in job.subjects:
            yield f"{job.verdict.value}  {printable(subject.source)}  {words.measured(subject)}"
