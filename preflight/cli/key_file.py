"""Reads the file with the API key, for every command in the same way; loads nothing of the client."""

from __future__ import annotations

import codecs
from pathlib import Path

from preflight.errors import ConfigurationError

_MOST_BYTES = 4096


def read_key_file(path: str) -> str:
    """The text of the key in the file ``path``, which may be a pipe: without a byte-order mark and the final newline.

    Raises ``ConfigurationError`` where it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ConfigurationError(f"cannot read the key file {path}: {reason}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigurationError(f"the key file {path} is UTF-16: save it as UTF-8 or ASCII")
    # Editors and shells on Windows write a byte-order mark before UTF-8.
    return content.decode("utf-8-sig", errors="replace").removesuffix("\n").removesuffix("\r")
