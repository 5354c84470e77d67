"""The exit codes. ``outcomes.py`` says which of them an outcome has."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, which callers can rely on."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INDETERMINATE = 3
    API = 4
    OVER_BUDGET = 5
    OUTCOME_UNKNOWN = 6
    BUG = 70
    INTERRUPTED = 130
