"""The shapes in which the sandbox answers: a task bare, everything else wrapped."""

from __future__ import annotations

from decimal import Decimal

from preflight.sandbox.book import Account, Entry


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
