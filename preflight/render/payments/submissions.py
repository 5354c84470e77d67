"""Renders the state of a paid request for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from preflight.model.shell_argument import as_argument
from preflight.redact import redact
from preflight.units import dollars

if TYPE_CHECKING:
    from preflight.submit.submit import Submission  # loads httpx2

_REFUNDS = {
    True: "refunded: the balance shows it",
    False: "not refunded yet; the service says that it refunds a failed task by itself",
    None: "the service says that it refunds a failed task; the balance could not confirm it",
}


def submission_lines(submission: Submission) -> Iterator[str]:
    """State and task first, then a line for each known fact."""
    yield f"{submission.state}  task {submission.task_id}"
    if submission.quote is not None:
        yield f"  price   {submission.quote.credits:f} credits (${dollars(submission.quote.usd)})"
    for each in submission.media:
        if each.sha256 is not None:
            yield f"  {each.kind:<7} sha256 {each.sha256}"
    if submission.entry is not None:
        yield f"  ledger  entry {submission.entry}"
    yield from (f"  result  {redact(url)}" for url in submission.outputs)
    yield from (f"  saved   {path}" for path in submission.files)
    if submission.error:
        yield f"  error   {submission.error}"
        yield f"  refund  {_REFUNDS[submission.refunded]}"
    if submission.state == "accepted":
        yield f"  next    preflight task wait {as_argument(submission.task_id)}"
