"""Files that the browser brings: in a private folder, each within a limit, all of them within another."""

from __future__ import annotations

import secrets
import shutil
from collections import OrderedDict
from collections.abc import AsyncIterable
from pathlib import Path
from threading import Lock

from preflight.sources.limits import MIB

FILE_BYTES = 512 * MIB
"""Far more than the service takes: a clip that is too large can be repaired."""
TOTAL_BYTES = 2048 * MIB
_LONGEST_NAME = 120


class TooLarge(Exception):
    """A file beyond ``FILE_BYTES``."""


class Uploads:
    """The brought files, by a token that only the page knows. The oldest go when there are too many."""

    def __init__(self, folder: Path, *, file_bytes: int = FILE_BYTES, total_bytes: int = TOTAL_BYTES) -> None:
        self._file_bytes, self._total_bytes = file_bytes, total_bytes
        self._folder = folder / "uploads"
        self._folder.mkdir(mode=0o700)
        self._files: OrderedDict[str, tuple[Path, int]] = OrderedDict()
        self._lock = Lock()

    async def add(self, name: str, pieces: AsyncIterable[bytes]) -> tuple[str, Path, int]:
        """Keep a file: its token, its path and its size.

        Raises ``TooLarge``, ``OSError`` and what ``pieces`` raises, keeping nothing.
        """
        token = secrets.token_urlsafe(16)
        folder = self._folder / token
        folder.mkdir(mode=0o700)
        path, size = folder / safe_name(name), 0
        try:
            with path.open("xb") as file:
                async for piece in pieces:
                    size = self._counted(size, piece)
                    file.write(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            folder.rmdir()
            raise
        with self._lock:
            self._files[token] = (path, size)
            while sum(each for _, each in self._files.values()) > self._total_bytes:
                _, (oldest, _) = self._files.popitem(last=False)
                oldest.unlink(missing_ok=True)
        return token, path, size

    def _counted(self, size: int, piece: bytes) -> int:
        if size + len(piece) > self._file_bytes:
            raise TooLarge
        return size + len(piece)

    def copied(self, path: Path) -> Path:
        """A copy of ``path``, a file of the server's own."""
        folder = self._folder / secrets.token_urlsafe(16)
        folder.mkdir(mode=0o700)
        return Path(shutil.copyfile(path, folder / path.name))

    def path_of(self, token: str) -> Path | None:
        """The path of a brought file; ``None`` where there is none by that token."""
        with self._lock:
            found = self._files.get(token)
        return found[0] if found else None


def safe_name(name: str) -> str:
    """The last part of ``name``, which a browser gave, as a name that no shell, terminal or file system minds."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character if character.isprintable() else "_" for character in last).strip(" .")
    encoded = kept.encode("utf-8", "replace")
    if len(encoded) > _LONGEST_NAME:
        stem, dot, suffix = kept.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) <= 8 else ""
        kept = encoded[: _LONGEST_NAME - len(suffix.encode())].decode("utf-8", "ignore") + suffix
    return kept.lstrip("-") or "file"
