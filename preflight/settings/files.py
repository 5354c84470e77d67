"""Finds and reads the settings file, with the line of every key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from preflight.bounded_file import NotRead, is_file, is_there, read_bounded
from preflight.errors import ConfigurationError
from preflight.model.named_tuple import NamedTuple
from preflight.redact import printable, redact, shown_path

OWN_NAME: Final = "preflight.toml"
SHARED_NAME: Final = "pyproject.toml"
_TABLE = ("tool", "preflight")
_REPOSITORY_MARKS = (".git", ".hg")
_MAX_BYTES = 1024 * 1024
_LONGEST_MESSAGE = 1000

# Compiled where they are used: most runs have no settings file.
_HEADER = r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$"
_KEY = r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*="
_NAMED = r"""(?m)\btool["']?\s*\.\s*["']?preflight|^\s*\[\s*["']?tool["']?\s*\]|^\s*["']?tool["']?\s*="""
"""A ``pyproject.toml`` without any of this has no table for preflight: most that name it depend on it."""
_PART = r"[\w-]+|\"[^\"]*\"|'[^']*'"


class SettingsFile(NamedTuple):
    """A settings file. ``found`` is whether preflight found it, rather than the user naming it."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]
    found: bool

    def error(self, message: str, *key: str) -> ConfigurationError:
        """The error with ``message`` about ``key``."""
        line = next((self.lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in self.lines), None)
        place = f":{line}" if line else ""
        named = f"{redact(key[0], longest=60)}: " if key else ""
        said = named + redact(message, longest=_LONGEST_MESSAGE)
        return ConfigurationError(f"{shown_path(str(self.path))}{place}: {said}")


def find_file(folder: Path) -> SettingsFile | None:
    """The nearest settings file, from ``folder`` up to the root of its repository or of the file system.

    In one folder ``preflight.toml`` goes before ``pyproject.toml``, and the latter counts only with a table
    ``[tool.preflight]``. Raises ``ConfigurationError`` for one that cannot be read.
    """
    for each in (folder, *folder.parents):
        for name in (OWN_NAME, SHARED_NAME):
            path = each / name
            if is_file(path) and (file := _read(path, found=True)) is not None:
                return file
        if any(is_there(each / mark) for mark in _REPOSITORY_MARKS):
            return None
    return None


def read_file(path: Path) -> SettingsFile:
    """The settings in a file that the user named. Raises ``ConfigurationError``, also where it has no settings."""
    file = _read(path, found=False)
    if file is None:
        raise ConfigurationError(f"{printable(str(path))}: no table [{'.'.join(_TABLE)}] in it")
    return file


def _read(path: Path, *, found: bool) -> SettingsFile | None:
    """``None`` for a ``pyproject.toml`` without a table for preflight."""
    text = _text(path)
    shared = path.name == SHARED_NAME
    if shared and found and ("preflight" not in text or re.search(_NAMED, text) is None):
        return None
    import tomllib  # most runs have no settings file

    try:
        values: Any = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ConfigurationError(printable(f"{path}: not TOML: {error}")) from error
    for part in _TABLE if shared else ():
        values = values.get(part) if isinstance(values, dict) else None
    if values is None:
        return None
    if not isinstance(values, dict):
        raise ConfigurationError(printable(f"{path}: '{'.'.join(_TABLE)}' is not a table"))
    return SettingsFile(path=path, values=values, lines=_lines(text, _TABLE if shared else ()), found=found)


def _text(path: Path) -> str:
    try:
        data = read_bounded(path, _MAX_BYTES)
    except NotRead as error:
        raise ConfigurationError(f"{printable(str(path))}: the settings cannot be read: {error.reason}") from error
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{printable(str(path))}: byte {error.start} is not UTF-8") from error


def _lines(text: str, table: tuple[str, ...]) -> dict[tuple[str, ...], int]:
    """The lines of keys, as far as reading line by line finds them: ``tomllib`` keeps no places."""
    lines: dict[tuple[str, ...], int] = {}
    around: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(_HEADER, line):
            around = _parts(found[1])
            full = around
        elif found := re.match(_KEY, line):
            full = around + _parts(found[1])
        else:
            continue
        if full[: len(table)] == table and full != table:
            lines.setdefault(full[len(table) :], number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
