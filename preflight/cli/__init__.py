"""The command line: the only place that prints, exits, and reads the environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code (``exits.py``)."""
    from preflight.cli.run import run  # noqa: PLC0415 - an interrupt while loading must not end in a traceback

    sys.exit(run(arguments))
