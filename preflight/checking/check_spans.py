"""Spans of OpenTelemetry for each check of a target and each file that is examined."""

from __future__ import annotations

from preflight.checking.subjects import SubjectRequest
from preflight.model import JobReport, Subject
from preflight.tracing.spans import traced


def describe_check(span: traced, report: JobReport) -> None:
    """Record the outcome of a check."""
    if span.is_recording:
        span.set(
            {
                "preflight.model": report.model,
                "preflight.verdict": report.verdict.value,
                "preflight.findings": len(report.findings),
                "preflight.credits": float(report.quote.credits) if report.quote else None,
            }
        )


def describe_file(span: traced, request: SubjectRequest, subject: Subject) -> None:
    """Record which file it was, without the query of its URL, and what reading it took."""
    if not span.is_recording:
        return
    transfer, facts, url = subject.transfer, subject.facts, request.url
    span.set(
        {
            "preflight.file.kind": subject.kind.value,
            "preflight.file.field": subject.field,
            "url.full" if url else "file.path": subject.source,
            "server.address": url.host if url else None,
            "server.port": url.port if url else None,
            "file.size": facts.size_bytes if facts else None,
            "http.response.status_code": transfer.status if transfer else None,
            "preflight.transfer.requests": transfer.requests if transfer else None,
            "preflight.transfer.bytes": transfer.bytes if transfer else None,
        }
    )
    if subject.fault is not None:
        span.failed(type(subject.fault).__name__)
