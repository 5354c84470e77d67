"""The wish of a server, in Retry-After, to be asked again later."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from preflight.lazy import pattern

_SECONDS = pattern(r"[0-9]{1,9}", re.ASCII)

LATER = float("inf")
"""A wish that is longer than any wait here, or that cannot be read."""


def _now() -> datetime:
    return datetime.now(UTC)


def retry_after(headers: Mapping[str, str], *, now: Callable[[], datetime] = _now) -> float | None:
    """The service's wish in seconds (RFC 9110 §10.2.3), ``None`` where it has none.

    A date counts from the answer's own ``Date``, so that a wrong clock on this machine does not matter; from ``now``
    only where the answer has none. A wish that is there and is neither seconds nor a date (a fraction, a sign, more
    digits than any wait has) is ``LATER``: it must not pass for "at once".
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if _SECONDS.fullmatch(value):
        return float(value)
    from email.utils import parsedate_to_datetime  # hardly any server wishes for a date

    try:
        until, date = parsedate_to_datetime(value), headers.get("date")
        gap = until - (parsedate_to_datetime(date) if date else now())
    except (ValueError, TypeError, OverflowError):  # TypeError: one of the two dates has no zone
        return LATER
    return max(gap.total_seconds(), 0.0)
