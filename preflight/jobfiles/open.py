"""Opens job files: regular files only, because a pipe or a device could block for ever."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path

from preflight import bounded_file
from preflight.bounded_file import NotRead, why
from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.model.pointers import fetch_command, is_annex_key, pointer_name
from preflight.model.wrapped_tables import wrapping_of


def open_regular(path: Path) -> BufferedReader:
    """``path`` opened for reading; the caller closes it.

    Raises ``JobUnreadable`` for a file that is missing, not readable, or anything but a regular file.
    """
    try:
        return bounded_file.open_regular(path)
    except NotRead as error:
        if isinstance(error.__cause__, FileNotFoundError) and path.is_symlink():
            link = os.fsencode(os.readlink(path))  # noqa: PTH115 - bytes of any name
            require_fetched(link if is_annex_key(link) else b"", path=str(path))
        raise JobUnreadable(str(error), path=ascii(str(path)) if "\x00" in str(path) else str(path)) from error


def read_document(path: Path) -> bytes:
    """All bytes of ``path``. Raises ``JobUnreadable``, also for a file larger than ``limits.DOCUMENT_BYTES``."""
    with open_regular(path) as stream:
        try:
            data = stream.read(limits.DOCUMENT_BYTES + 1)
        except OSError as exc:
            raise JobUnreadable(why(exc), path=str(path)) from exc
    require_size(len(data), path=str(path))
    require_fetched(data, path=str(path))
    return data


def require_fetched(head: bytes, *, path: str) -> None:
    """Raise ``JobUnreadable`` if a file that begins with ``head`` is a pointer to one elsewhere, or a wrapped table."""
    pointer = pointer_name(head)
    if pointer is not None:
        raise JobUnreadable(f"not fetched: this is a {pointer}; run: {fetch_command(pointer, '')}", path=path)
    wrapping = wrapping_of(head)
    if wrapping is not None:
        raise JobUnreadable(str(wrapping), path=path)


def require_size(size: int, *, path: str) -> None:
    """Raise ``JobUnreadable`` when a document of ``size`` bytes or characters is larger than any job."""
    if size > limits.DOCUMENT_BYTES:
        raise JobUnreadable(f"larger than {limits.DOCUMENT_BYTES >> 20} MiB: this is not a job", path=path)
