"""What entries of a ledger can be added up by."""

from __future__ import annotations

from typing import Final

GROUPS: Final = {
    "state": "state",
    "day": "substr(created_at, 1, 10)",
    "month": "substr(created_at, 1, 7)",
    "model": "model",
    "service": "api",
    "run": "coalesce(run, '')",
    "job": "coalesce(path, '')",
}
"""Each with the place where the ledger has it. Days and months are those of UTC."""
