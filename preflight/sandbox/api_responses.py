"""The shapes of the sandbox's responses: a task bare, everything else wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from starlette.responses import JSONResponse

from preflight.sandbox.state import Account, Entry

ERRORS: Mapping[str, tuple[int, str, str]] = {
    "invalid_request": (400, "invalid_request_error", "Missing or invalid parameters."),
    "invalid_api_key": (401, "authentication_error", "The API key is invalid, disabled, or deleted."),
    "insufficient_credits": (402, "billing_error", "Your credit balance is too low. Please top up."),
    "ip_not_allowed": (403, "permission_error", "This address is not in the key's allowlist."),
    "model_not_found": (404, "invalid_request_error", "The model does not exist or is inactive."),
    "task_not_found": (404, "invalid_request_error", "No task has this id."),
    "rate_limit_exceeded": (429, "rate_limit_error", "Too many requests, please slow down."),
    "spend_limit_exceeded": (429, "billing_error", "The key's spend limit is reached."),
    "internal_error": (500, "api_error", "Unexpected server error."),
    "upstream_error": (503, "upstream_error", "The upstream provider returned an error."),
}
"""Status, type and usual message, by code."""


def wrapped(data: dict[str, object]) -> dict[str, object]:
    """``data`` as create and credits answer it."""
    return {"code": 200, "msg": "success", "data": data}


def credits_answer(account: Account) -> dict[str, object]:
    """The body of ``GET /v1/credits``."""
    return wrapped(
        {
            "balance": plain(account.balance),
            "total_purchased": plain(account.purchased),
            "total_consumed": plain(account.consumed),
        }
    )


def task_answer(entry: Entry, *, now: float, files: str) -> dict[str, object]:
    """The body of ``GET /v1/tasks/{id}`` and of a callback. ``files`` is the URL under which results lie."""
    status = entry.status(now)
    answer: dict[str, object] = {
        "id": entry.id,
        "status": status,
        "model": entry.model,
        "created_at": int(entry.created_at),
    }
    match status:
        case "completed":
            answer["completed_at"] = int(entry.ends_at)
            answer["output"] = {
                "urls": [f"{files}/{entry.id}.mp4"],
                "metadata": {"model": "kling-3.0/motion-control"},
            }
        case "failed":
            answer["error"] = {"code": "upstream_error", "message": "Video generation failed"}
        case _:
            answer["progress"] = None
    return answer


def plain(amount: Decimal) -> int | float:
    """``amount`` as JSON writes it: credits are integers there until a rate is fractional."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


class Refused(Exception):
    """A request that is answered with a row of the table."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(message or ERRORS[code][2])
        self.code = code


def refusal(code: str, message: str | None = None, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer for ``code``, with ``message`` in place of the usual one."""
    status, kind, usual = ERRORS[code]
    return JSONResponse(
        {"error": {"code": code, "message": message or usual, "type": kind}}, status_code=status, headers=headers
    )
