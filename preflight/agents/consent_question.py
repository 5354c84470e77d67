"""The question to a person before a payment: the whole report, the highest price, and what is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from preflight.model import Job, Report
from preflight.redact import one_line, redact, shorten
from preflight.render.payments.about_to_pay import question
from preflight.render.texts import phrases
from preflight.specs import Spec
from preflight.submit.proposal import Proposal

APPROVED: Final = "approve"
_MOST_CHARS = 12_000
_LONGEST_LINE = 500

ShowReport = Callable[[Report, Proposal], str]
"""The report and the proposal below it as text for people."""


def consent_question(proposal: Proposal, job: Job, spec: Spec, show: ShowReport, beyond: str | None = None) -> str:
    """The question, first and last, with everything that the answer is about between.

    ``spec`` is that of the job's model.
    ``beyond`` is why the standing order does not allow the payment, where there is one.
    """
    report = proposal.report
    lines = show(Report(jobs=(report,), verdict=report.verdict), proposal).splitlines()
    text = "\n".join(shorten(line, _LONGEST_LINE) for line in lines)
    if len(text) > _MOST_CHARS:
        text = f"{text[:_MOST_CHARS]}\n… (the report goes on: see 'preflight check')"
    asked = question(proposal)
    parts = [
        f"{asked} An agent asks for this payment. The report below quotes names and texts from outside.",
        *([] if beyond is None else [f"It is beyond the agent's budget: {beyond.removeprefix('not sent: ')}."]),
        text.strip("\n"),
        *_sent_texts(job, spec),
        asked,
    ]
    return "\n\n".join(parts)


def consent_schema(proposal: Proposal) -> dict[str, Any]:
    """The form: one box that a person ticks."""
    title = f"Pay up to {phrases.highest(proposal.quote)}"
    box = {"type": "boolean", "title": title, "description": "Leave it empty to pay nothing.", "default": False}
    return {"type": "object", "properties": {APPROVED: box}, "required": [APPROVED]}


def is_yes(content: Mapping[str, object] | None) -> bool:
    """Whether the box was ticked: nothing else is a yes."""
    return content is not None and content.get(APPROVED) is True


def _sent_texts(job: Job, spec: Spec) -> list[str]:
    """What the service is sent besides the files: the prompt, and who is told of the end."""
    lines = []
    field = spec.find("prompt")
    if field is not None and (prompt := one_line(job.value(field.name), longest=400)):
        lines.append(f"prompt: {prompt!r}")
    field = spec.find("callback")
    callback = job.value(field.name) if field is not None else None
    if isinstance(callback, str) and callback:
        lines.append(f"callback to: {redact(urlsplit(callback).netloc.rpartition('@')[2])}")
    return ["\n".join(lines)] if lines else []
