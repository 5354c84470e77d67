"""Finds the files below a folder, without hidden folders and without those that ``.gitignore`` or settings exclude."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.bounded_file import NotRead, read_bounded
from preflight.model.file_types import RUN_FILE, RUN_SCHEMA, SUFFIXES
from preflight.model.named_tuple import NamedTuple
from preflight.model.pointers import APPLE_DOUBLE

if TYPE_CHECKING:
    from preflight.targets.patterns import Patterns


_LOOKED_AT = ("JPEG", "PNG", "WebP", "HEIC", "MP4", "MOV", "Matroska", "WebM")
MEDIA_SUFFIXES = frozenset(suffix for container in _LOOKED_AT for suffix in SUFFIXES[container])
"""Suffixes looked at in a folder: those that the service takes, and those that people mistake for them."""

_MACOS_FOLDER = "__MACOSX"
"""Where ZIP archives made on macOS keep attributes of their files."""
_MAGIC = frozenset("*?[")
_RUN_MARK = f'"{RUN_SCHEMA.rpartition("/")[0]}/'.encode()
_RUN_HEAD_BYTES = 200


class Filters(NamedTuple):
    """Which files of a folder are looked at: patterns as in ``.gitignore``, relative to ``folder``.

    ``include`` is all where it is empty. Files that are named one by one are looked at in any case.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    folder: str = "."

    def patterns(self) -> tuple[Patterns | None, Patterns | None]:
        """``include`` and ``exclude``, where they say anything. Raises ``ConfigurationError`` for a bad pattern."""
        if not self.include and not self.exclude:
            return None, None
        from preflight.targets.patterns import Patterns  # loads pathspec, which files need not

        include = Patterns(self.include, folder=self.folder) if self.include else None
        return include, Patterns(self.exclude, folder=self.folder) if self.exclude else None


class Found(NamedTuple):
    """A file, or a folder that cannot be read. ``depth`` is how many folders below the first one it stands."""

    path: Path
    is_file: bool = True
    depth: int = 0


def find_files(folder: Path, filters: Filters, *, depth: int | None = None) -> Iterator[Found]:
    """The files below ``folder`` and, in their place, folders that cannot be read; one folder's at a time.

    Links to folders are not followed, so that there are no circles; the folder of a run holds results. ``depth`` is how
    far down is looked.
    """
    from preflight.targets.ignore_files import IgnoreFiles  # loads pathspec, which files need not

    include, exclude = filters.patterns()
    top = os.path.abspath(folder)  # noqa: PTH100 - links are not followed
    waiting = [(str(folder), IgnoreFiles.around(Path(top)), 0)]
    while waiting:
        shown, ignores, level = waiting.pop()
        real = os.path.normpath(os.path.join(top, os.path.relpath(shown, folder)))  # noqa: PTH118 - text, for speed
        try:
            with os.scandir(shown) as entries:
                every = sorted((entry.name, _is_folder(entry), entry.is_symlink()) for entry in entries)
        except OSError:
            yield Found(Path(shown), is_file=False, depth=level)
            continue
        if any(name == RUN_FILE for name, *_ in every) and is_run(real):
            continue
        here = ignores.inside(real) if any(name == ".gitignore" for name, *_ in every) else ignores
        folders = []
        for name, is_folder, is_link in every:
            path = f"{real}{os.sep}{name}"
            if is_folder and (is_link or name.startswith(".") or name == _MACOS_FOLDER):
                continue
            if name.startswith("._") and _is_apple_double(path):
                continue
            if here.leave_out(path, is_folder=is_folder) or (exclude and exclude.fit(path, is_folder=is_folder)):
                continue
            if is_folder:
                folders.append((os.path.join(shown, name), here, level + 1))  # noqa: PTH118 - text, for speed
            elif include is None or include.fit(path):
                yield Found(Path(shown, name), depth=level)
        if depth is None or level < depth:
            waiting += reversed(folders)


def is_run(folder: str) -> bool:
    """Whether a folder is that of a run (``check --to``), by the beginning of its ``run.json``."""
    return _RUN_MARK in _beginning(os.path.join(folder, RUN_FILE), _RUN_HEAD_BYTES)  # noqa: PTH118 - text, for speed


def _is_apple_double(path: str) -> bool:
    """Whether a file holds attributes of the file beside it, which macOS leaves where it cannot keep them."""
    return _beginning(path, len(APPLE_DOUBLE)) == APPLE_DOUBLE


def _beginning(path: str, size: int) -> bytes:
    """The first bytes of a file; none of what is not one, or cannot be read."""
    try:
        return read_bounded(Path(path), size, cut=True)
    except NotRead:
        return b""


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def plain_part(pattern: str) -> Path:
    """The folder that ``pattern`` begins with, up to its first part with a ``*``, ``?`` or ``[``."""
    return Path(*takewhile(_MAGIC.isdisjoint, Path(pattern).parts))


def find_matching(pattern: str, filters: Filters) -> Iterator[Found]:
    """The files that fit ``pattern``, and those in folders that do: ``*`` stays in a folder, ``**`` does not."""
    from preflight.targets.patterns import Patterns  # loads pathspec, which files need not

    folder = plain_part(pattern)
    rest = Path(pattern).parts[len(folder.parts) :]
    if not os.path.isdir(folder):  # noqa: PTH112 - a path raises where a folder is closed
        return
    wanted = Patterns(["/" + "/".join(rest)], folder=str(folder))
    # A name with an ending is a file's: what is deeper than the pattern cannot fit.
    depth = len(rest) - 1 if "." in rest[-1] and not any("**" in part for part in rest) else None
    for found in find_files(folder, filters, depth=depth):
        if wanted.fit(str(found.path)):
            yield found
