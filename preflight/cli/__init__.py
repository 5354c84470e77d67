"""The command line: the only place that prints, exits, and reads the environment."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code (``exit_codes.py``)."""
    from preflight.cli.run import run  # noqa: PLC0415 - an interrupt while loading must not end in a traceback

    # Being told to end, as by a time limit around a script, is an interrupt: a paid request under way must say so.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    code = run(arguments)
    # The process ends here. Looking for cycles among everything that was loaded would be a fifth of a short run.
    gc.freeze()
    sys.exit(code)
