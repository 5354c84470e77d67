"""Whether a folder takes downloads: asked before anything is paid for whose result goes there."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from preflight.errors import ConfigurationError


def require_download_folder(folder: Path) -> None:
    """Raise ``ConfigurationError`` where no file can be saved in ``folder``. What the look makes is removed again.

    As a download does, it makes the folder if it is missing, writes a file, and gives that a second name.
    """
    try:
        with ExitStack() as stack:
            for each in reversed((folder, *folder.parents)):
                if not os.path.lexists(each):
                    each.mkdir()
                    stack.callback(_remove, each)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".download-") as file:
                file.write(b"-")
                file.flush()
                named = Path(f"{file.name}-2")
                os.link(file.name, named)
                named.unlink()
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "no folder can have this name").lower()
        raise ConfigurationError(
            f"cannot save a result in {folder}: {why}: name a folder that can be written to"
        ) from error


def _remove(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
