"""How a paid request stands, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from preflight.redact import redact
from preflight.units import dollars

if TYPE_CHECKING:
    from preflight.submit.submit import Submission  # loads httpx2

_REFUNDS = {
    True: "the credits came back: the balance shows it",
    False: "the balance does not show the credits yet; the service says that they come back by themselves",
    None: "the service says that the credits of a failed task come back; the balance could not show it",
}


def submission_lines(submission: Submission) -> Iterator[str]:
    """State and task first, then a line for each thing that is known."""
    yield f"{submission.state}  task {submission.task_id}"
    if submission.quote is not None:
        yield f"  price   {submission.quote.credits:f} credits (${dollars(submission.quote.usd)})"
    if submission.entry is not None:
        yield f"  ledger  entry {submission.entry}"
    yield from (f"  result  {redact(url)}" for url in submission.outputs)
    yield from (f"  saved   {path}" for path in submission.files)
    if submission.error:
        yield f"  error   {submission.error}"
        yield f"  refund  {_REFUNDS[submission.refunded]}"
    if submission.state == "accepted":
        yield f"  next    preflight task wait {submission.task_id}"
