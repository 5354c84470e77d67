"""A file's bytes with a run of one byte inside, so that a large file takes no memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from preflight.errors import ConfigurationError

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Padded:
    """``head``, then ``padding`` times the byte ``fill``, then ``tail``."""

    head: bytes
    padding: int = 0
    fill: bytes = b"\0"
    tail: bytes = b""

    @property
    def size(self) -> int:
        return len(self.head) + self.padding + len(self.tail)

    def read(self, start: int, end: int) -> bytes:
        """The bytes of ``[start, end)``."""
        filled = len(self.head) + self.padding
        in_padding = max(0, min(end, filled) - max(start, len(self.head)))
        in_tail = self.tail[max(0, start - filled) : max(0, end - filled)]
        return self.head[start:end] + self.fill * in_padding + in_tail

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes of ``[start, end)``, a piece at a time."""
        for at in range(start, end, _PIECE):
            yield self.read(at, min(end, at + _PIECE))


def padding_to(size_bytes: int | None, least: int) -> int:
    """The bytes that are missing from ``least`` to ``size_bytes``. Raises ``ConfigurationError`` for a smaller size."""
    if size_bytes is None:
        return 0
    if size_bytes < least:
        raise ConfigurationError(f"the file takes at least {least} bytes: size_bytes cannot be {size_bytes}")
    return size_bytes - least
