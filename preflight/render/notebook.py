"""A report as HTML for notebooks: one table, without scripts, styles from elsewhere, or anything that loads."""

from __future__ import annotations

from html import escape

from preflight.model import JobReport, Report
from preflight.redact import printable
from preflight.render.texts import phrases

_MOST_JOBS = 100
_HEADS = ("verdict", "job", "price", "findings")


def report_html(report: Report) -> str:
    """At most a hundred jobs, with their verdicts, prices and findings."""
    rows = "".join(map(_row, report.jobs[:_MOST_JOBS]))
    left = len(report.jobs) - _MOST_JOBS
    more = f"<p>… and {left} more</p>" if left > 0 else ""
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    return (
        f"<div><p><b>{report.verdict.value}</b>: {escape(report_summary(report))}</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{more}</div>"
    )


def report_summary(report: Report) -> str:
    """One phrase: how many jobs, and their price."""
    count = len(report.jobs)
    price = f", {report.quote.credits:f} credits" if report.quote else ""
    return f"{count} {'job' if count == 1 else 'jobs'}{price}"


def _row(job: JobReport) -> str:
    name = job.id or job.path or ", ".join(subject.source for subject in job.subjects)
    found = "<br>".join(f"{_text(each.rule)}: {_text(each.message)}" for each in job.findings)
    price = phrases.price(job.quote) if job.quote else ""
    cells = (job.verdict.value, _text(name), _text(price), found)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _text(text: str) -> str:
    return escape(printable(text))
