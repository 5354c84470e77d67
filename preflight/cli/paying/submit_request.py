"""The exact request of ``submit --dry-run``."""

from __future__ import annotations

from preflight.client.calls import CREATE_PATH
from preflight.model import Job
from preflight.redact import printable
from preflight.render.objects.json_text import to_json, to_json_lines, to_readable_json
from preflight.submit.submit import request_body


def request_text(job: Job, api_url: str, format_: str) -> str:
    """The request that would be sent, including its signed URLs."""
    url = api_url.rstrip("/") + CREATE_PATH
    if format_ != "text":
        request = {"schema": "preflight.request/v1", "method": "POST", "url": url, "body": request_body(job)}
        return to_json(request) if format_ == "json" else to_json_lines([request])
    head = f"POST {printable(url)}\nAuthorization: Bearer (the key, not shown)\nContent-Type: application/json"
    return f"{head}\n\n{to_readable_json(request_body(job))}"
