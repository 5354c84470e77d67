"""The lines of a manifest, one at a time, however large it is."""

from __future__ import annotations

import io
from io import BufferedReader
from typing import Any

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.files import reason, require_fetched
from preflight.jobfiles.text import decoding

_HEAD_BYTES = 100


class Lines:
    """An iterator over the lines of a file (UTF-8, or UTF-16 with a byte order mark), their ends kept.

    ``number`` is that of the line last returned, from 1. Raises ``JobUnreadable`` for a line above
    ``limits.LINE_CHARS``, and goes on behind it when asked again; also when the file cannot be read any
    further, which is the end. Bytes that are no text come as surrogates.
    """

    def __init__(self, stream: BufferedReader[Any], *, path: str) -> None:
        self.number = 0
        self.path = path
        try:
            head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
        except OSError as exc:
            raise JobUnreadable(reason(exc), path=path) from exc
        require_fetched(head, path=path)
        encoding, errors = decoding(head[:2])
        self._stream = io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")
        self._ended = False

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) <= limits.LINE_CHARS:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._read()
        message = f"a line of more than {limits.LINE_CHARS} characters: this is not a job"
        raise JobUnreadable(message, path=self.path, line=self.number, column=1)

    def release(self) -> None:
        """Leave the stream to whoever opened it."""
        self._stream.detach()

    def _read(self) -> str:
        if self._ended:
            return ""
        try:
            return self._stream.readline(limits.LINE_CHARS + 1)
        except UnicodeDecodeError as exc:
            self._ended = True
            raise self._broken("the text ends within a character") from exc
        except OSError as exc:
            self._ended = True
            raise self._broken(reason(exc)) from exc

    def _broken(self, message: str) -> JobUnreadable:
        return JobUnreadable(message, path=self.path, line=self.number + 1, column=1)
