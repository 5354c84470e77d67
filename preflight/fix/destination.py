"""Puts a repaired file in its place: whole or not at all, and never over a file that nobody named."""

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
    """The name that a repaired file would get is another file's."""


class Names:
    """The names that the results of one run have, or would have: none is given twice."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def holds(self, path: Path) -> bool:
        """Whether ``path`` was given to a result."""
        return _mark(path) in self._given

    def give(self, path: Path) -> None:
        """Keep ``path`` from the results to come."""
        self._given.add(_mark(path))

    def target_for(self, source: Path, container: str, *, in_place: bool) -> Path:
        """``dance.fixed.mp4`` beside ``dance.mp4``; in place the file itself, or its stem with a suffix that is true.

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
    """One name for all spellings that some file system takes for the same."""
    return normalize("NFC", str(path.parent.resolve() / path.name)).casefold()


@contextmanager
def temporary(source: Path) -> Iterator[Path]:
    """A folder beside ``source`` for the file in the making, gone afterwards with all that is left in it.

    Raises ``ConfigurationError`` where nothing can be written there.
    """
    folder = source.with_name(f".preflight-fix-{token_hex(8)}")  # known before it is there: an interrupt may come
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
    """A folder for what is only written to see whether it can be. Raises ``ConfigurationError`` where there is none."""
    try:
        folder = Path(mkdtemp(prefix="preflight-fix-"))
    except OSError as error:
        raise ConfigurationError(f"no temporary folder can be made: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place(made: Path, target: Path, source: Path, *, replace: bool) -> None:
    """Give ``made`` its name, as readable as ``source`` is: in one step, so that the name never holds half a file.

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
    except OSError:  # a file system without links: take the name first, then fill it in one step
        target.touch(exist_ok=False)
        made.replace(target)
