"""What came of each job of a run that is paid for: a line of ``submissions.jsonl``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from preflight.redact import redact
from preflight.render.objects.json_objects import SUBMISSION, quote_object, shown_meta, submission_object

if TYPE_CHECKING:
    from preflight.runs.payments.payable import Payable
    from preflight.submit.submit import Submission

NAME: Final = "submissions.jsonl"
NOT_SENT: Final = "not-sent"


class End(Enum):
    """Why a job is where it is."""

    PAID = "paid"
    FAILED = "failed"
    UNKNOWN = "unknown"
    OVER_BUDGET = "over budget"
    HELD = "held"
    NOT_UPLOADED = "not uploaded"
    MISCONFIGURED = "misconfigured"
    REFUSED = "refused"
    STOPPED = "stopped"
    NOT_SAVED = "not saved"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A job of the run and its end. ``line`` is its object, as in ``submissions.jsonl``."""

    row: int
    end: End
    line: Mapping[str, Any]

    @property
    def state(self) -> str:
        """``accepted``, ``completed``, ``failed``, ``unknown`` or ``not-sent``."""
        return str(self.line["state"])


def settled(
    payable: Payable,
    end: End,
    *,
    state: str = NOT_SENT,
    submission: Submission | None = None,
    error: str | None = None,
    entry: int | None = None,
    task_id: str | None = None,
) -> Settled:
    """The end of a job: its ``submission``, or why there is none."""
    line: dict[str, Any] = {
        "schema": SUBMISSION,
        "state": state,
        "task_id": task_id,
        "quote": None,
        "outputs": [],
        "files": [],
        "media": [],
        "error": None,
        "refunded": None,
        "entry": entry,
    }
    if submission is not None:
        line |= submission_object(submission)
        line["entry"] = submission.entry if submission.entry is not None else entry
    line["quote"] = line["quote"] or quote_object(payable.quote)
    line["error"] = line["error"] if error is None else redact(error)
    line |= {
        "row": payable.row,
        "id": payable.job.id,
        "path": payable.report.path,
        "line": payable.report.line,
        "identity": payable.report.identity,
        "meta": shown_meta(payable.report),
    }
    return Settled(row=payable.row, end=end, line=line)
