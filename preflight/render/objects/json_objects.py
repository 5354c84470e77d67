"""The versioned JSON objects that scripts rely on. We add keys and never rename them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from preflight.checking.totals import all_hidden, hidden_findings
from preflight.checking.verdict import verdict_of_subject
from preflight.model import Finding, JobReport, Report, Subject
from preflight.redact import hide, redact
from preflight.render.objects.json_facts import facts_of_file
from preflight.render.texts import phrases
from preflight.units import decimal_text, dollars

if TYPE_CHECKING:  # a check of local files needs neither httpx2 nor the parts of the model that it does not fill
    from preflight.checking.totals import Totals
    from preflight.client import Credits
    from preflight.model import Quote, TotalQuote
    from preflight.model.receipt import Receipt
    from preflight.submit.submit import Submission
    from preflight.upload.uploader import UploadedFile

REPORT, FACTS, QUOTE = "preflight.report/v1", "preflight.facts/v1", "preflight.quote/v1"
SUBMISSION, CREDITS, UPLOADS = "preflight.submission/v1", "preflight.credits/v1", "preflight.upload/v1"


def report_object(report: Report) -> dict[str, Any]:
    """``check``: the verdict, every job with its files, findings and price."""
    return {
        "schema": REPORT,
        "verdict": report.verdict.value,
        "quote": total_object(report.quote),
        **_hidden_object(all_hidden(report.jobs)),
        "jobs": [job_object(job) for job in report.jobs],
    }


def totals_object(totals: Totals) -> dict[str, Any]:
    """The same without its jobs. ``skipped`` is there where folders hold files that are neither media nor jobs,
    ``hidden`` where findings are not shown."""
    head = {"schema": REPORT, "verdict": totals.verdict.value, "quote": total_object(totals.quote)}
    head |= _hidden_object(totals.hidden)
    return head | ({"skipped": dict(totals.skipped.most_common())} if totals.skipped else {})


def facts_object(report: Report) -> dict[str, Any]:
    """``probe``: the facts, without a verdict."""
    subjects = [subject_object(job, subject) for job in report.jobs for subject in job.subjects]
    for subject in subjects:
        del subject["verdict"]
    return {"schema": FACTS, "subjects": subjects}


def quotes_object(report: Report) -> dict[str, Any]:
    """``estimate``: the price of every job, in its own mode and in all of them."""
    return {
        "schema": QUOTE,
        "verdict": report.verdict.value,
        "quote": total_object(report.quote),
        "jobs": [
            {
                **_which(job),
                "quote": quote_object(job.quote),
                "quotes": {quote.mode: quote_object(quote) for quote in job.quotes},
                "findings": [finding_object(finding) for finding in job.findings],
                **_shown_files(job),
            }
            for job in report.jobs
        ],
    }


def _shown_files(job: JobReport) -> dict[str, Any]:
    """The files of a job with their thumbnails, where there are any: a price has no other use for files."""
    shown = [subject for subject in job.subjects if subject.thumbnail is not None]
    files = [{"field": each.field, "source": each.source, **_thumbnails(each)} for each in shown]
    return {"files": files} if files else {}


def job_object(job: JobReport) -> dict[str, Any]:
    """One job of a report, and one line of ``jsonl``."""
    return {
        **_which(job),
        "identity": job.identity,
        "subjects": [subject_object(job, subject) for subject in job.subjects],
        "findings": [finding_object(finding) for finding in job.findings],
        **_hidden_object(hidden_findings(job)),
        "quote": quote_object(job.quote),
    }


def _hidden_object(counts: Mapping[str, int]) -> dict[str, Any]:
    """How many findings are not shown, by what hides them; nothing where all are."""
    return {"hidden": dict(counts)} if counts else {}


def shown_meta(job: JobReport) -> dict[str, Any]:
    """The columns beside those of a job, without secrets: a column may hold a signed URL."""
    return {name: _hidden(value) for name, value in job.meta.items()}


def _hidden(value: Any) -> Any:
    match value:
        case str():
            return hide(value)
        case list():
            return [_hidden(each) for each in value]
        case dict():
            return {hide(str(name)): _hidden(each) for name, each in value.items()}
        case _:
            return value


def subject_object(job: JobReport, subject: Subject) -> dict[str, Any]:
    """One file with its facts and the cost of reading it."""
    transfer = subject.transfer
    return {
        "field": subject.field,
        "kind": subject.kind.value,
        "source": subject.source,
        "verdict": verdict_of_subject(job, subject).value,
        "examined": subject.facts is not None,
        "facts": facts_of_file(subject.facts),
        "error": phrases.why_not_read(subject),
        "transfer": {
            "requests": transfer.requests,
            "connections": transfer.connections,
            "bytes": transfer.bytes,
            "bytes_asked": transfer.bytes_asked,
            "bytes_received": transfer.bytes_received,
            "redirects": transfer.redirects,
            "elapsed_ms": transfer.elapsed_ms,
            "status": transfer.status,
            "declared_type": transfer.declared_type,
            "ranges": transfer.ranges,
            "proxy": transfer.proxy,
            "retries": transfer.retries,
        },
        "receipt": receipt_object(subject.receipt),
        **(_thumbnails(subject) if subject.thumbnail is not None else {}),
    }


def _thumbnails(subject: Subject) -> dict[str, Any]:
    from preflight.render.objects.json_thumbnails import thumbnail_keys  # only for --thumbnails

    return thumbnail_keys(subject)


def receipt_object(receipt: Receipt | None) -> dict[str, Any] | None:
    """The parts of a remote file that were read, to tell later whether the file is still the same."""
    if receipt is None:
        return None
    return {
        "validator": receipt.validator,
        "size_bytes": receipt.size_bytes,
        "blocks": [{"start": start, "sha256": digest, "end": end} for start, digest, end in receipt.blocks],
    }


def finding_object(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.label,
        "indeterminate": finding.indeterminate,
        "field": finding.field,
        "message": finding.message,
        "measured": finding.measured,
        "allowed": finding.allowed,
        "fix": finding.fix,
        "help": finding.help,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
    }


def submission_object(submission: Submission) -> dict[str, Any]:
    """``submit`` and ``task``: the state of a paid request."""
    return {
        "schema": SUBMISSION,
        "state": submission.state,
        "task_id": submission.task_id,
        "quote": quote_object(submission.quote),
        "outputs": [redact(url) for url in submission.outputs],
        "files": list(submission.files),
        "media": [
            {
                "field": each.field,
                "source": each.source,
                "sha256": each.sha256,
                "size_bytes": each.size_bytes,
            }
            for each in submission.media
        ],
        "error": submission.error,
        "refunded": submission.refunded,
        "entry": submission.entry,
    }


def uploads_object(files: Sequence[UploadedFile]) -> dict[str, Any]:
    """``upload``: the files with their URLs, signatures included."""
    return {"schema": UPLOADS, "files": [upload_object(file) for file in files]}


def upload_object(file: UploadedFile) -> dict[str, Any]:
    """One uploaded file, and one line of ``jsonl``."""
    return {
        "path": file.path,
        "url": file.url,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "media_type": file.media_type,
        "expires_at": None if file.expires_at is None else file.expires_at.isoformat(timespec="seconds"),
        "uploaded": not file.was_there,
    }


def credits_object(account: Credits) -> dict[str, Any]:
    """``credits``: the account."""
    return {
        "schema": CREDITS,
        "balance": number(account.balance),
        "total_purchased": None if account.total_purchased is None else number(account.total_purchased),
        "total_consumed": None if account.total_consumed is None else number(account.total_consumed),
    }


def quote_object(quote: Quote | None) -> dict[str, Any] | None:
    """One price; ``None`` stays ``None``: a job without a price is not free."""
    if quote is None:
        return None
    return {
        **_credits(quote),
        "seconds": decimal_text(quote.seconds),
        "billed_seconds": decimal_text(quote.billed_seconds),
        "credits_per_second": None if quote.credits_per_second is None else f"{quote.credits_per_second:f}",
        "mode": quote.mode,
        "rounding": quote.rounding,
        "usd": dollars(quote.usd),
        "reasons": list(quote.reasons),
    }


def total_object(quote: TotalQuote | None) -> dict[str, Any] | None:
    """The price of all jobs together."""
    if quote is None:
        return None
    return {
        **_credits(quote),
        "usd": dollars(quote.usd),
        "unpriced": quote.unpriced,
    }


def _which(job: JobReport) -> dict[str, Any]:
    """Which job it is, and what came of it."""
    return {
        "id": job.id,
        "path": job.path,
        "line": job.line,
        "model": job.model,
        "verdict": job.verdict.value,
        "meta": shown_meta(job),
    }


def _credits(quote: Quote | TotalQuote) -> dict[str, Any]:
    """The credits of a price, and how exactly they are known."""
    return {
        "credits": number(quote.credits),
        "low": f"{quote.low:f}",
        "high": f"{quote.high:f}",
        "exact": quote.exact,
    }


def number(value: Decimal) -> int | float:
    """Credits as a JSON number: whole ones, which nearly all are, as an integer."""
    return int(value) if value == value.to_integral_value() else float(value)
