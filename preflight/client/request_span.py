"""A span of OpenTelemetry for each request to the API, by the semantic conventions for HTTP clients."""

from __future__ import annotations

from urllib.parse import urlsplit

from preflight.client.protocol import ApiResponse, Reply, Request
from preflight.tracing.spans import traced

_PORTS = {"http": 80, "https": 443}
_TASKS = "/v1/tasks/"


def request_span(request: Request) -> traced:
    """The span around ``request``. Its name has the template of the path, so that all tasks have the same."""
    return traced(f"{request.method} {_template(request.path)}", is_request=True)


def describe(span: traced, request: Request, base: str, reply: Reply) -> None:
    """Record that ``request`` to ``base`` was answered with ``reply``: no header, no body, no key."""
    if not span.is_recording:
        return
    url, status = urlsplit(base), reply.status if isinstance(reply, ApiResponse) else None
    span.set(
        {
            "http.request.method": request.method,
            "server.address": url.hostname,
            "server.port": url.port or _PORTS.get(url.scheme),
            "url.full": f"{base}{request.path}",
            "url.template": _template(request.path),
            "http.response.status_code": status,
        }
    )
    if not isinstance(reply, ApiResponse):
        span.failed(type(reply.cause).__name__ if reply.cause else "no_answer")
    elif reply.status >= 400:
        span.failed(str(reply.status))


def _template(path: str) -> str:
    return f"{_TASKS}{{task_id}}" if path.startswith(_TASKS) else path
