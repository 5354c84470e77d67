"""The folders that agents may read from: every path of a call is confined to them, links followed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from preflight.errors import ConfigurationError
from preflight.redact import printable, shorten

_LONGEST = 4096
_NOT_FILES = ("/proc", "/sys", "/dev")
"""Trees of the kernel: a root above them does not open them."""


class OutsideRoots(ConfigurationError):
    """A path that no root holds."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders, as ``real_folders`` returns them."""

    folders: tuple[Path, ...]

    def confine(self, name: str | os.PathLike[str]) -> Path:
        """The real path of a file or folder that is there, inside a root. A relative ``name`` begins in a root.

        Raises ``OutsideRoots`` for a path that leads anywhere else, in any way, and ``ConfigurationError`` for one
        that leads nowhere. A name is compared as it is spelled: another case is another path.
        """
        found, shown = self._located(name)
        try:
            if not found.exists():
                raise ConfigurationError(f"{shown}: no such file in {self._named()}")
            if not found.is_file() and not found.is_dir():
                raise ConfigurationError(f"{shown}: not a regular file")
        except OSError as error:
            raise _no_path(shown, error) from error
        return found

    def locate(self, name: str | os.PathLike[str]) -> Path:
        """The same for a file that a job names, which need not be there: the check says so."""
        return self._located(name)[0]

    def _located(self, name: str | os.PathLike[str]) -> tuple[Path, str]:
        text = os.fspath(name)
        shown = shorten(printable(text[:_LONGEST]), 200)
        if not text.strip() or "\0" in text or len(text) > _LONGEST:
            raise ConfigurationError(f"{shown!r} is not a path")
        if not self.folders:
            raise OutsideRoots(
                f"{shown}: no local files can be read: the client declares no roots, and the operator names none"
            )
        try:
            candidates = [Path(os.path.realpath(folder / text)) for folder in self.folders]
            inside = [each for each in candidates if self._holds(each)]
            if not inside:
                raise OutsideRoots(f"{shown}: outside of the folders that may be read: {self._named()}")
            return next((each for each in inside if each.exists()), inside[0]), shown
        except (OSError, ValueError) as error:  # links in a circle, a folder that may not be read, half a character
            raise _no_path(shown, error) from error

    def _holds(self, real: Path) -> bool:
        if any(real.is_relative_to(tree) for tree in _NOT_FILES):
            return False
        return any(real.is_relative_to(folder) for folder in self.folders)

    def _named(self) -> str:
        return ", ".join(shorten(printable(str(folder)), 100) for folder in self.folders[:5])


def _no_path(shown: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(f"{shown}: not a path: {type(error).__name__}")


def real_folders(folders: Iterable[Path]) -> tuple[Path, ...]:
    """``folders`` with links followed, each once; those that are not there are left out."""
    real = (Path(os.path.realpath(folder)) for folder in folders)
    return tuple(dict.fromkeys(each for each in real if each.is_dir()))


def folder_of(uri: str) -> Path | None:
    """The folder of a root that a client declares; ``None`` for a URI that is not a local one."""
    parts = urlsplit(uri)
    if parts.scheme.lower() != "file" or parts.netloc.lower() not in {"", "localhost"}:
        return None
    path = url2pathname(parts.path)
    return Path(path) if Path(path).is_absolute() and "\0" not in path else None
