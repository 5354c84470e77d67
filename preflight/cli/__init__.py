"""The command line: the only place that prints, exits, and reads the environment."""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing: main() sets up interrupts before anything else is loaded
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code (``exit_codes.py``)."""
    # While modules load, an interrupt ends the process as the system would, without a traceback.
    import _signal  # type: ignore[import-not-found]  # noqa: PLC0415 - built in, where signal loads enum first

    loading = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
    if loading:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    import gc  # noqa: PLC0415 - see above
    import signal  # noqa: PLC0415 - see above
    import sys  # noqa: PLC0415 - see above

    from preflight.cli.run import run  # noqa: PLC0415 - see above

    if loading:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # SIGTERM, as from a time limit around a script, is an interrupt: a paid request under way must report itself.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            _handle(getattr(signal, name), signal.default_int_handler)
    code = run(arguments)
    # The process ends here. Collecting cycles among all loaded objects would take a fifth of a short run.
    gc.freeze()
    sys.exit(code)


def _handle(number: int, handler: Callable[[int, FrameType | None], object]) -> None:
    """Handle a signal, unless the parent process had it ignored, as ``nohup`` does."""
    import signal  # noqa: PLC0415 - see above

    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, handler)
