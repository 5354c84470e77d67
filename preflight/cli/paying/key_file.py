"""Reads the file with the API key, for every command in the same way; loads nothing of the client."""

from __future__ import annotations

import codecs
import os
import select
import stat
import time
from pathlib import Path

from preflight.bounded_file import NotRead, read_bounded, why
from preflight.errors import ConfigurationError

_MOST_BYTES = 4096
_WAIT_S = 10.0
"""For a pipe to be written and closed: a password manager may have to be unlocked first."""


def read_key_file(path: str, *, wait_s: float = _WAIT_S) -> str:
    """The text of the key in the file ``path``, without a byte-order mark and the final newline.

    It may be a pipe, as the shell makes for ``<(pass show key)``: that is waited for, ``wait_s`` seconds. Raises
    ``ConfigurationError`` where it cannot be read, or is no such thing: a device, a file without an end.
    """
    try:
        content = _read_pipe(path, wait_s) if _is_pipe(path) else read_bounded(Path(path), _MOST_BYTES)
    except NotRead as error:
        raise ConfigurationError(f"cannot read the key file {path}: {error.reason}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigurationError(f"the key file {path} is UTF-16: save it as UTF-8 or ASCII")
    # Editors and shells on Windows write a byte-order mark before UTF-8.
    return content.decode("utf-8-sig", errors="replace").removesuffix("\n").removesuffix("\r")


def _is_pipe(path: str) -> bool:
    """Whether it is a pipe that can be waited for, which Windows does not have."""
    try:
        return hasattr(select, "poll") and stat.S_ISFIFO(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def _read_pipe(path: str, wait_s: float) -> bytes:
    """All that comes through the pipe until its other end is closed."""
    content = b""
    ends = time.monotonic() + wait_s
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN | select.POLLHUP)
            while waiting.poll(max(0, ends - time.monotonic()) * 1000):
                piece = os.read(descriptor, _MOST_BYTES + 1 - len(content))
                if not piece:
                    return content
                content += piece
                if len(content) > _MOST_BYTES:
                    raise NotRead(f"larger than {_MOST_BYTES} bytes")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise NotRead(why(error)) from error
    raise NotRead(f"a pipe that nobody has written and closed within {wait_s:g} s")
