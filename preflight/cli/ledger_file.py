"""Where the ledger is, unless the user names another place."""

from __future__ import annotations

from pathlib import Path

from preflight.errors import LedgerUnusable


def default_ledger() -> Path:
    """The ledger in the user's data folder. Raises ``LedgerUnusable`` where there is no such folder.

    It must be the same one from wherever a command is started: a folder that is not absolute is none.
    """
    from platformdirs import user_data_path  # noqa: PLC0415 - for what pays alone

    folder = user_data_path("preflight", appauthor=False)
    if not folder.is_absolute():
        raise LedgerUnusable(
            f"the user's data folder is {str(folder)!r}, which is not absolute (HOME, XDG_DATA_HOME): name a ledger"
            " with --ledger"
        )
    return folder / "ledger.db"
