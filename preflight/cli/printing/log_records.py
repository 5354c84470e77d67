"""Log records of preflight on standard error, for ``-v``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from preflight.redact import printable


@contextmanager
def shown_records(verbosity: int) -> Iterator[None]:
    """While it is entered, the records of ``preflight`` are shown: those of INFO with 1, of DEBUG too with 2."""
    ours = logging.getLogger("preflight")
    level, handler = ours.level, _StandardError()
    ours.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    ours.addHandler(handler)
    try:
        yield
    finally:
        ours.removeHandler(handler)
        ours.setLevel(level)


class _StandardError(logging.Handler):
    """One printable line a record, on the current standard error.

    Not through ``click.echo``, which would bypass a spinner that may have replaced the stream.
    """

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # the reader may have closed the pipe
            sys.stderr.write(f"{record.name}: {printable(record.getMessage())}\n")
