"""Reads a file of a known most size: a regular file only, so that a pipe or a device holds nothing up."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

# Opening a pipe waits for its other end unless told not to; Windows has neither the flag nor the pipes.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class NotRead(Exception):
    """A file that cannot be read. The text says why, in words that follow the file's name, without it."""

    @property
    def reason(self) -> str:
        """The text to follow words of a caller's own, such as "cannot be read"."""
        return str(self).removeprefix("cannot be read: ")


def open_regular(path: Path) -> BufferedReader:
    """``path`` opened for reading; the caller closes it. Raises ``NotRead`` for anything but a regular file."""
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError as error:
        raise NotRead("no such file") from error
    except OSError as error:
        raise NotRead(why(error)) from error
    except ValueError as error:
        raise NotRead("no file can have this name") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise NotRead("this is a directory" if stat.S_ISDIR(mode) else "this is not a regular file")
    return open(descriptor, "rb")  # noqa: PTH123 - a descriptor, not a path


def read_bounded(path: Path, most: int, *, cut: bool = False) -> bytes:
    """All bytes of ``path``, or its first ``most`` with ``cut``. Raises ``NotRead``, also for a file with more."""
    with open_regular(path) as file:
        try:
            data = file.read(most if cut else most + 1)
        except OSError as error:
            raise NotRead(why(error)) from error
    if len(data) > most:
        raise NotRead(f"larger than {most >> 20} MiB" if most >= 1 << 20 else f"larger than {most} bytes")
    return data


def is_there(name: str | Path) -> bool:
    """Whether anything is there, as far as it may be seen. ``Path.exists`` raises where a folder is closed."""
    return os.path.exists(name)  # noqa: PTH110


def is_file(name: str | Path) -> bool:
    """Whether a regular file is there. Never raises, either: a name can be anything."""
    return os.path.isfile(name)  # noqa: PTH113


def is_folder(name: str | Path) -> bool:
    """Whether a folder is there. Never raises, either."""
    return os.path.isdir(name)  # noqa: PTH112


def why(error: OSError) -> str:
    """What a message says of ``error``, without the name of the file."""
    return f"cannot be read: {(error.strerror or type(error).__name__).lower()}"
