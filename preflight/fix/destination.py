"""Puts a repaired file in its place: whole or not at all, and never over a file that the user did not name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp
from unicodedata import normalize

from preflight.errors import ConfigurationError
from preflight.model.file_types import SUFFIXES
from preflight.redact import printable


class Occupied(Exception):
    """Another file already has the name of the repaired file."""


class Names:
    """The names of the results of one run, written or planned: no name is used twice."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def holds(self, path: Path) -> bool:
        """Whether ``path`` was given to a result."""
        return _mark(path) in self._given

    def give(self, path: Path) -> None:
        """Reserve ``path``, so that no later result gets it."""
        self._given.add(_mark(path))

    def target_for(self, source: Path, container: str, *, in_place: bool) -> Path:
        """``dance.fixed.mp4`` beside ``dance.mp4``; in place the file itself, or its stem with the right suffix.

        A suffix that promises ``container`` stays. So does ``.mov`` of an MP4 in place: the two are one family. Where
        the run gave that name to another result, it is ``dance.mkv.fixed.mp4``, and after that one with a number.
        """
        fitting = SUFFIXES[container] + (SUFFIXES["MOV"] if in_place and container == "MP4" else ())
        suffix = source.suffix if source.suffix.lower() in fitting else fitting[0]
        mark = "" if in_place else ".fixed"
        target = source.with_name(f"{source.stem}{mark}{suffix}")
        for number in count(1):
            if not self.holds(target):
                break
            target = source.with_name(f"{source.name}{mark}{'' if number == 1 else f'-{number}'}{suffix}")
        return target


def _mark(path: Path) -> str:
    """One name for all spellings that some file system treats as the same."""
    return normalize("NFC", str(path.parent.resolve() / path.name)).casefold()


@contextmanager
def temporary(source: Path) -> Iterator[Path]:
    """A temporary folder beside ``source`` for the unfinished file; it is deleted afterwards with its contents.

    Raises ``ConfigurationError`` where nothing can be written there.
    """
    folder = source.with_name(f".preflight-fix-{token_hex(8)}")  # named before it exists: an interrupt may come
    is_ours = True
    try:
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            is_ours = False
            raise ConfigurationError(f"cannot write beside {printable(str(source))}: {error.strerror}") from error
        yield folder
    finally:
        if is_ours:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def elsewhere() -> Iterator[Path]:
    """A folder for results of a dry run. Raises ``ConfigurationError`` where none can be made."""
    try:
        folder = Path(mkdtemp(prefix="preflight-fix-"))
    except OSError as error:
        raise ConfigurationError(f"no temporary folder can be made: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place(made: Path, target: Path, source: Path, *, replace: bool) -> None:
    """Rename ``made`` to ``target``, with the permissions of ``source``, in one step: never half a file.

    Raises ``Occupied`` when the name is taken and ``replace`` is not set, ``ConfigurationError`` when it cannot be
    written.
    """
    try:
        made.chmod(source.stat().st_mode & 0o777)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        if replace:
            made.replace(target)
        else:
            _link(made, target)
    except FileExistsError as error:
        raise Occupied(str(target)) from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {printable(str(target))}: {error.strerror}") from error


def _link(made: Path, target: Path) -> None:
    """Like ``replace``, but for a name that must be free. Raises ``FileExistsError``."""
    try:
        target.hardlink_to(made)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: reserve the name, then replace it in one step
        target.touch(exist_ok=False)
        made.replace(target)
