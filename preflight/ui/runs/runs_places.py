"""Which folders the page "Runs" may open: those that the operator named, and what is below them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from preflight.errors import ConfigurationError
from preflight.model.file_types import RUN_FILE
from preflight.redact import redact, shown_path

_DEEP: Final = 3
"""Folders within one another that are searched for runs."""
_ENTRIES: Final = 20_000
_RUNS: Final = 200
_NAME_CHARACTERS: Final = 4096
_UNSAFE: Final = re.compile(r"[^\w.-]+", re.ASCII)
_STEM_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRuns:
    """Run folders, the newest first. ``is_all``: nothing was left out for its number."""

    folders: tuple[Path, ...]
    is_all: bool


class Places:
    """The folders of the operator."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folder.resolve() for folder in folders)

    def open(self, name: str) -> Path:
        """The folder called ``name``, relative to the first of the operator's. Links are followed before it is judged.

        Raises ``ConfigurationError`` for one that is elsewhere, and for what is not a folder with a run.
        """
        if not name.strip() or "\0" in name or len(name) > _NAME_CHARACTERS:
            raise ConfigurationError("name the folder of a run")
        try:
            path = (self.folders[0] / name.strip()).resolve()
        except (OSError, RuntimeError) as error:
            raise ConfigurationError(f"{redact(name)}: cannot be read") from error
        if not any(path.is_relative_to(folder) for folder in self.folders):
            allowed = ", ".join(shown_path(str(folder)) for folder in self.folders)
            raise ConfigurationError(
                f"{redact(name)} is outside of {allowed}: start preflight ui in its folder, or with --folder"
            )
        try:
            is_run = (path / RUN_FILE).is_file()
        except OSError:
            is_run = False
        if not is_run:
            raise ConfigurationError(f"{redact(name)}: no run in it: preflight check MANIFEST --to makes one")
        return path

    def name_of(self, path: Path) -> str:
        """The name of a folder that ``open`` takes again."""
        first = self.folders[0]
        return str(path.relative_to(first)) if path.is_relative_to(first) else str(path)

    def runs(self) -> FoundRuns:
        """The runs in these folders, as far as they are not hidden or deep below."""
        left, found = [_ENTRIES], list[tuple[float, Path]]()
        for folder in self.folders:
            for path in _walk(folder, _DEEP, left):
                found.append((_changed(path), path))
                if len(found) > _RUNS:
                    break
        newest = dict.fromkeys(path for _, path in sorted(found, reverse=True)[:_RUNS])
        return FoundRuns(folders=tuple(newest), is_all=left[0] > 0 and len(found) <= _RUNS)

    def new_folder(self, manifest: str, number: int) -> Path:
        """A folder for the run of a dropped manifest of that name: the first, the second, ... to try."""
        stem = _UNSAFE.sub("_", Path(manifest.replace("\\", "/")).name.rpartition(".")[0]).strip("._-")
        again = "" if number == 1 else f"-{number}"
        return self.folders[0] / f"{stem[:_STEM_CHARACTERS] or 'jobs'}{again}.run"


def _walk(folder: Path, deep: int, left: list[int]) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            below = []
            for entry in entries:
                left[0] -= 1
                if left[0] <= 0:
                    break
                if entry.name == RUN_FILE:
                    yield folder
                    return
                if deep and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
    except OSError:
        return
    for path in sorted(below):
        yield from _walk(path, deep - 1, left)


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
