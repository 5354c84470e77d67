"""Progress on standard error, when somebody is there to see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(message: str, *, hidden: bool = False) -> Iterator[Callable[[str], object]]:
    """A spinner with ``message`` while the body runs; what is yielded changes the message."""
    if hidden or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal

    with Console(stderr=True).status(message) as status:
        yield status.update
