"""The header fields of a range request, checked against their grammar (RFC 9110 §14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from preflight.lazy import pattern
from preflight.model import Span
from preflight.model.frozen import frozen

# 18 digits: below 2**63, and a number of any length would cost time before it is refused.
_SATISFIED = pattern(r"bytes +([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.ASCII | re.IGNORECASE)
_UNSATISFIED = pattern(r"bytes +\*/([0-9]{1,18})", re.ASCII | re.IGNORECASE)
_LENGTH = pattern(r"[0-9]{1,18}", re.ASCII)


@frozen
class ContentRange:
    """Which bytes a 206 carries, half-open, and of how many (``None``: the server does not say)."""

    start: int
    end: int
    total: int | None


def range_header(span: Span) -> str:
    """The value of ``Range`` for ``span``, which must not be empty. The one place where the end is inclusive."""
    return f"bytes={span.start}-{span.end - 1}"


@lru_cache(maxsize=128)  # an answer is asked for it two or three times
def content_range(value: str | None) -> ContentRange | None:
    """The ``Content-Range`` of a 206; ``None`` where it is missing, malformed or contradicts itself."""
    match = _SATISFIED.fullmatch(value or "")
    if match is None:
        return None
    start, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if last < start or (total is not None and last >= total):
        return None
    return ContentRange(start=start, end=last + 1, total=total)


def unsatisfied_total(value: str | None) -> int | None:
    """The size that the ``Content-Range`` of a 416 states; ``None`` where it states none."""
    match = _UNSATISFIED.fullmatch(value or "")
    return int(match[1]) if match else None


def content_length(value: str | None) -> int | None:
    """The ``Content-Length``; ``None`` where it is missing or not a number."""
    return int(value) if value is not None and _LENGTH.fullmatch(value) else None


def part_of(status: int, headers: Mapping[str, str]) -> ContentRange | None:
    """Which bytes an answer carries, where it says so: in a 206, or in a 200 of just that length."""
    part = content_range(headers.get("content-range"))
    if part is None or status == 206:
        return part
    announced = content_length(headers.get("content-length"))
    return part if announced == part.end - part.start != part.total else None
