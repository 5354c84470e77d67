"""Patterns over paths, as in ``.gitignore``. The only module that knows pathspec."""

from __future__ import annotations

import os
import os.path
import re
from collections.abc import Iterable

import pathspec

from preflight.errors import ConfigurationError
from preflight.redact import printable

_STARS = re.compile(r"\*+")
_MOST_STARS = 3
"""Stars in one part of a pattern, and ``**`` in all of it: each more multiplies the time by the length of a name."""


class Patterns:
    """Lines of a ``.gitignore``, for paths below ``folder``; of several that fit a path, the last one holds.

    Raises ``ConfigurationError`` for an invalid line, and for more stars than can be matched in time.
    """

    def __init__(self, lines: Iterable[str], *, folder: str) -> None:
        lines = list(lines)
        for line in lines:
            _require_few_stars(line)
        self._folder = os.path.abspath(folder)  # noqa: PTH100 - Path.resolve would follow links
        self._inside = self._folder.rstrip(os.sep) + os.sep
        try:
            self._spec = pathspec.GitIgnoreSpec.from_lines(lines)
        except ValueError as error:
            raise ConfigurationError(f"not a pattern: {error}") from error

    def __bool__(self) -> bool:
        return len(self._spec) > 0

    def fit(self, path: str, *, is_folder: bool = False) -> bool:
        """Whether the patterns take ``path``."""
        return self.say(path, is_folder=is_folder) is True

    def say(self, path: str, *, is_folder: bool = False) -> bool | None:
        """``True`` where the patterns take ``path``, ``False`` where one with ``!`` leaves it, else ``None``."""
        if path.startswith(self._inside):
            inner = path[len(self._inside) :]
        else:
            inner = os.path.relpath(path, self._folder)
            if inner == os.curdir or inner.startswith(os.pardir):
                return None
        return self._spec.check_file(inner + "/" if is_folder else inner).include


def _require_few_stars(line: str) -> None:
    parts = line.split("/") if "*" in line and not line.startswith("#") else []
    if parts.count("**") > _MOST_STARS or any(len(_STARS.findall(part)) > _MOST_STARS for part in parts):
        raise ConfigurationError(f"too many * to match the pattern in time: {printable(line[:60])}")
