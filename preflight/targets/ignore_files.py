"""Decides which files Git ignores: by ``.gitignore`` in each folder up to the root, and ``.git/info/exclude``.

The user's own ``core.excludesFile`` is not read: what is checked must not depend on who checks it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from preflight.bounded_file import NotRead, is_there, read_bounded
from preflight.errors import ConfigurationError
from preflight.targets.patterns import Patterns

_NAME = ".gitignore"
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class IgnoreFiles:
    """The ignore files that hold in one folder, the outermost first."""

    _patterns: tuple[Patterns, ...] = ()

    @classmethod
    def around(cls, folder: Path) -> IgnoreFiles:
        """Those above ``folder``, an absolute path, up to the root of its repository; none outside of one."""
        above: list[Path] = []
        for each in (folder, *folder.parents):
            above.append(each)
            if is_there(each / ".git"):
                exclude = _read(each / ".git" / "info" / "exclude", each)
                found = (exclude, *(_read(outer / _NAME, outer) for outer in reversed(above[1:])))
                return cls(tuple(patterns for patterns in found if patterns is not None))
        return cls()

    def inside(self, folder: str) -> IgnoreFiles:
        """Those that hold in ``folder``, an absolute path, if it has one of its own and those above hold around it."""
        own = _read(Path(folder, _NAME), Path(folder))
        return IgnoreFiles((*self._patterns, own)) if own else self

    def leave_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether ``path`` is ignored: the innermost file that speaks of it says."""
        for patterns in reversed(self._patterns):
            said = patterns.say(path, is_folder=is_folder)
            if said is not None:
                return said
        return False


def _read(path: Path, folder: Path) -> Patterns | None:
    """The patterns in a file, ``None`` where there are none. Like Git, it skips an invalid line."""
    try:
        lines = os.fsdecode(read_bounded(path, _MAX_BYTES, cut=True)).splitlines()
    except NotRead:
        return None
    try:
        return Patterns(lines, folder=str(folder)) or None
    except ConfigurationError:
        return Patterns([line for line in lines if _is_pattern(line)], folder=str(folder)) or None


def _is_pattern(line: str) -> bool:
    try:
        Patterns([line], folder=os.curdir)
    except ConfigurationError:
        return False
    return True
