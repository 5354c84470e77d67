"""Where the files of a report lie on this machine: the root that other programs know them from, and their columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from preflight.errors import JobUnreadable
from preflight.render.places import SourceTree


def source_tree() -> SourceTree:
    """The tree of the repository around the current folder; without one, the current folder is the root."""
    folder = Path.cwd()
    root = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
    return SourceTree(root=str(root), folder=str(folder))


class Utf16Columns:
    """Columns in UTF-16 code units, by reading again the lines that findings are on. Use it in ``with``.

    Findings come in the order of their lines, so a file is read once from its start, one line held at a time. Where a
    line is not found any more, the column stays what it is: right but for characters beyond the Basic Multilingual
    Plane before it.
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

    def __call__(self, path: str, line: int, column: int) -> int:
        if column <= 1:
            return column
        before = self._text(path, line)[: column - 1]
        return column + sum(character > "\uffff" for character in before)

    def _text(self, path: str, line: int) -> str:
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
        from preflight.jobfiles.files import open_regular  # noqa: PLC0415 - only for columns in job files
        from preflight.jobfiles.lines import Lines  # noqa: PLC0415 - the same

        self._stack.close()
        self._path, self._number, self._line, self._lines = path, 0, "", iter(())
        try:
            stream = self._stack.enter_context(open_regular(Path(path)))
            self._lines = iter(Lines(stream, path=path))
        except (OSError, ValueError, JobUnreadable):
            self._lines = iter(())
