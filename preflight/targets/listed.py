"""Lists of names: one a line, or parted by NUL characters, which no name can hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, Protocol

from preflight.errors import ConfigurationError

_PIECE_BYTES: Final = 64 * 1024
_NAME_BYTES: Final = 32 * 1024
"""Longer than any path, and than any URL that is checked."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_names(stream: _Readable, *, null: bool) -> Iterator[str]:
    """The names in ``stream``, blank ones passed over. Raises ``ConfigurationError`` for one that is too long."""
    separator, held = (b"\x00" if null else b"\n"), b""
    while True:
        piece = stream.read(_PIECE_BYTES)
        *names, held = (held + piece).split(separator)
        if not piece:
            names, held = [held], b""
        if any(len(name) > _NAME_BYTES for name in (*names, held)):
            hint = "" if null or b"\x00" not in held else "; is it a list with -0?"
            raise ConfigurationError(f"a name of more than {_NAME_BYTES} bytes in the list of files{hint}")
        for name in names:
            text = os.fsdecode(name if null else name.removesuffix(b"\r"))
            if not text.strip():
                continue
            if "\x00" in text:
                raise ConfigurationError("a NUL in the list of files: add -0 where names are parted by it")
            yield text
        if not piece:
            return
