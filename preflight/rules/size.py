"""The one judgement on a file's size, for pictures and clips alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from preflight.model import Severity
from preflight.rules.rule import Flaw
from preflight.specs import SizeLimit


def oversize(size_bytes: int | None, limit: SizeLimit, what: str, fix: Callable[[], str]) -> Iterator[Flaw]:
    """The service does not say whether its MB is decimal or binary: between the two it is a warning."""
    if size_bytes is None or size_bytes <= limit.safe_bytes:
        return
    hard = size_bytes > limit.hard_bytes
    doubt = "" if hard else "; it fits only if the service means binary megabytes"
    yield Flaw(
        message=f"the {what} has {size_bytes:,} bytes; at most {limit.label} are allowed{doubt}".replace(",", " "),
        measured=f"{size_bytes:,} bytes".replace(",", " "),
        allowed=f"at most {limit.label} ({limit.safe_bytes:,} bytes)".replace(",", " "),
        fix=fix(),
        severity=None if hard else Severity.WARNING,
    )
