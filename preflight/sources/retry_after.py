"""The ``Retry-After`` of an answer (RFC 9110 §10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to be left alone; ``None`` where it asks nothing that can be read.

    A date counts from the answer's own ``Date``: a wrong clock on this machine does not matter.
    """
    value = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(value):
        return float(value)
    try:
        gap = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):  # TypeError: only one of the two has a zone
        return None
    return max(0.0, gap.total_seconds())
