"""Where the ledger is, unless the user names another place."""

from __future__ import annotations

from pathlib import Path


def default_ledger() -> Path:
    """The ledger in the user's data folder."""
    from platformdirs import user_data_path  # noqa: PLC0415 - for what pays alone

    return user_data_path("preflight", appauthor=False) / "ledger.db"
