"""Reads lines of job files again, for formats that show them or count their columns in another unit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from preflight.errors import JobUnreadable


class SourceLines:
    """Lines of files by path and number; empty where a line is no longer found. Use it in ``with``.

    A file is read from its start, one line held at a time: cheap where lines of one file are asked for in order.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._stack = ExitStack()
        self._lines: Iterator[str] = iter(())
        self._number = 0
        self._line = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, path: str, line: int) -> str:
        """The text of that line, with its end."""
        if path != self._path or line < self._number:
            self._open(path)
        try:
            while self._number < line:
                self._line = next(self._lines)
                self._number += 1
        except (StopIteration, JobUnreadable):
            self._line = ""
        return self._line if self._number == line else ""

    def _open(self, path: str) -> None:
        from preflight.jobfiles.open import open_regular  # only where a job file has findings
        from preflight.jobfiles.source_text import Lines, is_text

        self._stack.close()
        self._path, self._number, self._line, self._lines = path, 0, "", iter(())
        try:
            stream = self._stack.enter_context(open_regular(Path(path)))
            if is_text(stream.peek()):  # the lines of a Parquet file are its rows
                self._lines = iter(Lines(stream, path=path))
        except (OSError, ValueError, JobUnreadable):
            self._lines = iter(())
