"""Which rows of a manifest have the id of an earlier row, and where that is: found while it is read once.

A worker sees the rows of a part, and the earlier row is often in another one. The answers for all parts are in a file
without a name, so that memory does not grow with them either: every row of a manifest may have one id.
"""

from __future__ import annotations

import tempfile
from array import array
from contextlib import suppress
from typing import Final

from preflight.errors import ConfigurationError
from preflight.jobfiles.row_ids import FoundBefore

_IN_MEMORY_BYTES: Final = 1024 * 1024
"""Most manifests have few such rows, or none."""


class RepeatedIds:
    """The rows that have the id of an earlier row, by part, as pairs of lines: its own, and that of the first row."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - until ``close``
        self._starts = array("Q")
        self._size = 0

    def begin_part(self) -> None:
        """The rows that follow are those of the next part."""
        self._starts.append(self._size)

    def add(self, line: int, first_line: int) -> None:
        """The row on ``line`` has the id of that on ``first_line``. Raises ``ConfigurationError`` on a full disk."""
        pair = array("Q", (line, first_line)).tobytes()
        try:
            self._file.write(pair)
        except OSError as error:
            raise _no_room(error) from error
        self._size += len(pair)

    def of_part(self, number: int) -> bytes:
        """The pairs of part ``number``. Raises as ``add``: the last pairs are written when they are first read."""
        start = self._starts[number]
        end = self._starts[number + 1] if number + 1 < len(self._starts) else self._size
        if start == end:
            return b""
        try:
            self._file.seek(start)
            return self._file.read(end - start)
        except OSError as error:
            raise _no_room(error) from error

    def close(self) -> None:
        """Remove the file."""
        with suppress(OSError):  # the last pairs found no room
            self._file.close()


def _no_room(error: OSError) -> ConfigurationError:
    said = (error.strerror or type(error).__name__).lower()
    return ConfigurationError(
        f"the rows whose ids are used before are kept in a temporary file, and it cannot be written: {said}; "
        "free space, or name another folder in TMPDIR"
    )


def found_before(pairs: bytes) -> FoundBefore:
    """The earlier rows of the rows of a part, from its pairs."""
    lines = array("Q", pairs)
    return FoundBefore(dict(zip(lines[::2], lines[1::2], strict=True)))
