"""Checks that the files about to be paid for are those that were checked: reads them again, and compares."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from preflight.bounded_file import NotRead, read_bounded
from preflight.errors import ConfigurationError, NotSubmitted
from preflight.model import JobReport, Verdict
from preflight.model.receipt import BLOCK_BYTES, Receipt

MAX_AGE = timedelta(minutes=1)
"""A check older than this is made again before anything is paid."""

_SCHEMA = "preflight.report/v1"
_MAX_BYTES = 32 * 1024 * 1024
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCheck:
    """The check of one job, out of a report in a file. ``high`` is the most that it would cost, in credits."""

    high: Decimal
    receipts: Mapping[str, Receipt]


def require_sound(report: JobReport) -> None:
    """Raise ``NotSubmitted`` for a job that fails its check or could not be examined."""
    if report.verdict is Verdict.FAIL:
        raise NotSubmitted("not sent: the check found something that the service would refuse")
    if report.verdict is Verdict.INDETERMINATE:
        raise NotSubmitted("not sent: the check is indeterminate: not everything could be examined")


def is_too_old(report: JobReport, now: datetime) -> bool:
    """Whether nothing may be paid for by this check any more; one without a time, or of the future, is too old."""
    return report.checked_at is None or not timedelta(0) <= now - report.checked_at <= MAX_AGE


def sound_now(
    report: JobReport,
    now: Callable[[], datetime],
    *,
    check: Callable[[], JobReport] | None,
    agree: Callable[[JobReport], object] | None,
    on_changed: Callable[[], object],
) -> JobReport:
    """``report``, or the check that takes its place where it is too old; see ``submit_job``.

    Raises ``NotSubmitted`` where it cannot be made again, is not passed any more, or costs more and nobody agrees.
    """
    if not is_too_old(report, now()):
        return report
    if check is None:
        raise NotSubmitted(f"not sent: the check is older than {MAX_AGE.seconds} s: check the job again")
    latest = check()
    if not is_unchanged(receipts_of(report), receipts_of(latest)):
        on_changed()
        if latest.verdict is not Verdict.PASS:
            raise NotSubmitted("not sent: the files have changed, and the job no longer passes its check")
    require_sound(latest)
    if latest.quote != report.quote:
        if agree is not None:
            agree(latest)
        elif latest.quote is None or report.quote is None or latest.quote.high > report.quote.high:
            raise NotSubmitted("not sent: the files have changed, and the job may cost more than when it was checked")
    return latest


def receipts_of(report: JobReport) -> dict[str, Receipt]:
    """The receipts of a job's remote files, by field."""
    return {subject.field: subject.receipt for subject in report.subjects if subject.field and subject.receipt}


def is_unchanged(before: Mapping[str, Receipt], after: Mapping[str, Receipt]) -> bool:
    """Whether the same files were read, and the same bytes in them."""
    return before.keys() == after.keys() and all(before[field].matches(after[field]) for field in before)


def load_saved(path: Path, identity: str) -> SavedCheck:
    """The check of the job ``identity`` in the report at ``path`` (``check --format json --output``).

    Raises ``ConfigurationError`` when it is another report, or of another job, ``NotSubmitted`` when it did not pass.
    """
    for job in _jobs(path):
        if job.get("identity") == identity:
            if job.get("verdict") != "pass":
                raise NotSubmitted(f"not sent: in {path} the job did not pass")
            try:
                return saved_check(job)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise ConfigurationError(f"{path} is not a report of preflight check --format json") from error
    raise ConfigurationError(f"{path} is not about this job: it was changed since, or another one was checked")


def _jobs(path: Path) -> list[dict[str, Any]]:
    try:
        data = read_bounded(path, _MAX_BYTES)
    except NotRead as error:
        raise ConfigurationError(f"the report {path}: {error}") from error
    try:
        report = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not a report of preflight check --format json") from error
    jobs = report.get("jobs") if isinstance(report, dict) and report.get("schema") == _SCHEMA else None
    if not isinstance(jobs, list):
        raise ConfigurationError(f"{path} is not a report of preflight check --format json")
    return [job for job in jobs if isinstance(job, dict)]


def saved_check(job: Mapping[str, Any]) -> SavedCheck:
    """The check that the object ``job`` of a report holds. Raises ``KeyError``, ``TypeError``, ``ValueError`` or
    ``AttributeError`` where it is not such an object."""
    receipts = {
        str(subject["field"]): Receipt(
            validator=subject["receipt"]["validator"],
            size_bytes=subject["receipt"]["size_bytes"],
            blocks=tuple(_block(block) for block in subject["receipt"]["blocks"]),
        )
        for subject in job["subjects"]
        if subject["receipt"]
    }
    # Matched before it is read: 1e-999999999 is a short word and a gigabyte of digits.
    if not _AMOUNT.fullmatch(job["quote"]["high"]):
        raise ValueError("not an amount")
    return SavedCheck(high=Decimal(job["quote"]["high"]), receipts=receipts)


def _block(block: Mapping[str, Any]) -> tuple[int, str, int]:
    """One block of a receipt. Reports of earlier versions have whole blocks only, without an ``end``."""
    start = int(block["start"])
    return start, str(block["sha256"]), int(block.get("end", start + BLOCK_BYTES))
