"""Check, then pay: the one place where a job is handed to the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from preflight.client import Client, Task
from preflight.errors import NotSubmitted, OutcomeUnknown, TaskFailed
from preflight.model import Job, JobReport, Quote, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Our paid request and what became of it.

    ``state`` is ``accepted``, ``completed`` or ``failed``; ``error`` is the service's word on a failure.
    ``outputs`` are the URLs of the results, which may carry a signature; ``files`` is where they were saved.
    """

    state: str
    task_id: str
    quote: Quote | None
    outputs: tuple[str, ...] = ()
    error: str | None = None
    files: tuple[str, ...] = ()


def require_sound(report: JobReport) -> None:
    """Raise ``NotSubmitted`` for a job that fails its check or could not be examined."""
    if report.verdict is Verdict.FAIL:
        raise NotSubmitted("not sent: the check found what the service would refuse")
    if report.verdict is Verdict.INDETERMINATE:
        raise NotSubmitted("not sent: not everything could be examined")


def request_body(job: Job) -> Mapping[str, object]:
    """The body of the paid request: the job as its author wrote it."""
    assert isinstance(job.body, dict), "a sound job is a mapping"
    return job.body


def submit(
    job: Job,
    report: JobReport,
    client: Client,
    *,
    wait: bool = False,
    timeout: float | None = None,
    on_accepted: Callable[[str], object] | None = None,
    on_update: Callable[[Task], object] | None = None,
) -> Submission:
    """Send ``job``, whose check is ``report``, once, and perhaps wait for its task.

    ``on_accepted`` is called with the task id the moment it is known. Raises ``NotSubmitted`` before anything is sent,
    ``ApiError`` of the client, ``WaitTimeout`` when ``timeout`` seconds of waiting are over; the task then goes on.
    """
    require_sound(report)
    body = request_body(job)
    try:
        task_id = client.create_task(body)
    except KeyboardInterrupt as interrupt:
        raise OutcomeUnknown("interrupted while the paid request was under way") from interrupt
    if on_accepted is not None:
        on_accepted(task_id)
    if not wait:
        return Submission(state="accepted", task_id=task_id, quote=report.quote)
    return await_task(client, task_id, quote=report.quote, timeout=timeout, on_update=on_update)


def await_task(
    client: Client,
    task_id: str,
    *,
    quote: Quote | None = None,
    timeout: float | None = None,
    on_update: Callable[[Task], object] | None = None,
) -> Submission:
    """Wait for a task to end. A failed one is an outcome, not an exception."""
    try:
        task = client.wait(task_id, timeout=timeout, on_update=on_update)
    except TaskFailed as failed:
        return Submission(state="failed", task_id=task_id, quote=quote, error=str(failed))
    return Submission(state="completed", task_id=task_id, quote=quote, outputs=task.outputs)
