"""What a check concludes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """``INDETERMINATE`` is an answer of its own: something could not be examined, and a finding says what."""

    PASS = "pass"
    FAIL = "fail"
    INDETERMINATE = "indeterminate"

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """``FAIL`` over ``INDETERMINATE`` over ``PASS``; ``PASS`` of nothing."""
        seen = set(verdicts)
        return next((verdict for verdict in (cls.FAIL, cls.INDETERMINATE) if verdict in seen), cls.PASS)
