"""The lines of a manifest, each with the byte that it begins at, and the SHA-256 of all bytes."""

from __future__ import annotations

import codecs
import hashlib
from collections import deque
from io import BufferedReader
from typing import Any

from preflight.jobfiles import limits
from preflight.jobfiles.source_text import Lines

_PIECE = 1024 * 1024
_LONGEST = 4 * limits.LINE_CHARS + 1
"""Bytes of a line that may have the characters which a line may have, and one more."""


class CountedLines(Lines):
    """The lines of a file as its readers see them, all of it hashed; ``position`` is the byte after the last line."""

    def __init__(self, stream: BufferedReader[Any], *, path: str) -> None:
        super().__init__(stream, path=path)
        self.digest = hashlib.sha256()
        self._bytes: BufferedReader = self._stream.detach()
        mark = codecs.BOM_UTF8 if self._bytes.peek(3)[:3] == codecs.BOM_UTF8 else b""
        self.digest.update(self._bytes.read(len(mark)))
        self.position = len(mark)
        self._pieces: deque[tuple[bytes, int]] = deque()

    def _read(self) -> str:
        if not self._pieces:
            self._pieces.extend(self._next_pieces())
            if not self._pieces:
                return ""
        line, length = self._pieces.popleft()
        self.position += length
        return line.decode("utf-8", "surrogateescape")

    def _next_pieces(self) -> list[tuple[bytes, int]]:
        """The lines up to the next LF, each with its length: also a CR ends one. One that is far too long comes cut."""
        line = self._bytes.readline(_LONGEST)
        if not line:
            return []
        self.digest.update(line)
        skipped = 0
        if len(line) == _LONGEST and not line.endswith(b"\n"):
            while piece := self._bytes.readline(_PIECE):
                self.digest.update(piece)
                skipped += len(piece)
                if piece.endswith(b"\n"):
                    break
            line += b"\n"
            skipped -= 1
        pieces = [(piece, len(piece)) for piece in (line.splitlines(keepends=True) if b"\r" in line else [line])]
        pieces[-1] = (pieces[-1][0], pieces[-1][1] + skipped)
        return pieces

    def read_to_end(self) -> None:
        """Hash what no reader wants."""
        while piece := self._bytes.read(_PIECE):
            self.digest.update(piece)
