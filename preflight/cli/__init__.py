"""The command line: the only place that prints, exits, and reads the environment."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in typing: main() sets up interrupts before anything else is loaded
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code (``exit_codes.py``)."""
    # While modules load, an interrupt ends the process as the system would, without a traceback.
    import _signal  # type: ignore[import-not-found]  # signal makes enums of it, which takes time

    loading = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
    if loading:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    import gc

    # A start makes tens of thousands of objects and drops few: looking through them all the time would take a tenth.
    gc.set_threshold(50_000, *gc.get_threshold()[1:])
    from preflight.cli.run import run

    if loading:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    # SIGTERM, as from a time limit around a script, is an interrupt: a paid request under way must report itself.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(_signal, name, None)  # not every platform has both
        # One that the parent process had ignored stays ignored, as ``nohup`` does it.
        if number is not None and _signal.getsignal(number) is not _signal.SIG_IGN:
            _signal.signal(number, _signal.default_int_handler)
    code = run(arguments)
    # The process ends here. Collecting cycles among all loaded objects would take a fifth of a short run.
    gc.freeze()
    sys.exit(code)
