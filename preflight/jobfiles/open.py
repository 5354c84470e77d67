"""Opens job files: regular files only, because a pipe or a device could block for ever."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.model.pointers import fetch_command, is_annex_key, pointer_name

# Opening a pipe waits for its other end unless told not to; Windows has neither the flag nor the pipes.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def open_regular(path: Path) -> BufferedReader:
    """``path`` opened for reading; the caller closes it.

    Raises ``JobUnreadable`` for a file that is missing, not readable, or anything but a regular file.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError as exc:
        if path.is_symlink():
            link = os.fsencode(os.readlink(path))  # noqa: PTH115 - bytes of any name
            require_fetched(link if is_annex_key(link) else b"", path=str(path))
        raise JobUnreadable("no such file", path=str(path)) from exc
    except OSError as exc:
        raise JobUnreadable(reason(exc), path=str(path)) from exc
    except ValueError as exc:
        raise JobUnreadable("no file can have this name", path=ascii(str(path))) from exc
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        raise JobUnreadable(f"this is {what}", path=str(path))
    return open(descriptor, "rb")  # noqa: PTH123 - a descriptor, not a path


def read_document(path: Path) -> bytes:
    """All bytes of ``path``. Raises ``JobUnreadable``, also for a file larger than ``limits.DOCUMENT_BYTES``."""
    with open_regular(path) as stream:
        try:
            data = stream.read(limits.DOCUMENT_BYTES + 1)
        except OSError as exc:
            raise JobUnreadable(reason(exc), path=str(path)) from exc
    require_size(len(data), path=str(path))
    require_fetched(data, path=str(path))
    return data


def require_fetched(head: bytes, *, path: str) -> None:
    """Raise ``JobUnreadable`` for a file that begins with ``head`` and is a pointer to one elsewhere."""
    pointer = pointer_name(head)
    if pointer is not None:
        raise JobUnreadable(f"not fetched: this is a {pointer}; run: {fetch_command(pointer, '')}", path=path)


def require_size(size: int, *, path: str) -> None:
    """Raise ``JobUnreadable`` when a document of ``size`` bytes or characters is larger than any job."""
    if size > limits.DOCUMENT_BYTES:
        raise JobUnreadable(f"larger than {limits.DOCUMENT_BYTES >> 20} MiB: this is not a job", path=path)


def reason(exc: OSError) -> str:
    """What an error message says of ``exc``; the file's name is not in it."""
    return f"cannot be read: {(exc.strerror or type(exc).__name__).lower()}"
