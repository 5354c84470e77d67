"""Counts the files of folders that are neither media nor jobs, so that a report can say what was not looked at."""

from __future__ import annotations

import os
from collections import Counter
from typing import Final

from preflight.lazy import pattern

_SUFFIX = pattern(r"\.[a-z0-9_+-]{1,12}")
_OTHER_SUFFIX: Final = "other"
_MOST_SUFFIXES, _SHOWN_SUFFIXES = 100, 5
"""Suffixes that are counted one by one, and that a message lists."""


class SkippedFiles:
    """How many files of folders were not looked at, by their suffix: they are neither media nor jobs.

    Hidden files do not count, nor do those that ``.gitignore`` or the settings exclude.
    """

    def __init__(self) -> None:
        self.by_suffix: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Count one file more."""
        if name.startswith("."):
            return
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - text, for speed
        known = suffix in self.by_suffix or len(self.by_suffix) < _MOST_SUFFIXES
        self.by_suffix[suffix if known and _SUFFIX.fullmatch(suffix) else _OTHER_SUFFIX] += 1

    def __bool__(self) -> bool:
        return bool(self.by_suffix)

    def in_words(self) -> str:
        """``3 files that are neither media nor jobs: 2 .yaml, 1 .txt``."""
        count = self.by_suffix.total()
        common = self.by_suffix.most_common()
        parts = [f"{number} {suffix}" for suffix, number in common[:_SHOWN_SUFFIXES]]
        if rest := sum(number for _, number in common[_SHOWN_SUFFIXES:]):
            parts.append(f"{rest} more")
        what = "1 file that is" if count == 1 else f"{count} files that are"
        return f"{what} neither media nor jobs: {', '.join(parts)}"
