"""Patterns such as ``assets/**/*.png``, for shells that do not expand them, and for those told not to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from preflight.targets.folder import Filters, Found, find_files

_MAGIC = re.compile(r"[*?\[]")


def find_matching(pattern: str, filters: Filters) -> Iterator[Found]:
    """The files that fit ``pattern``, and those in folders that do: ``*`` stays in a folder, ``**`` does not."""
    from preflight.patterns import Patterns  # noqa: PLC0415 - loads pathspec, which files need not

    parts = Path(pattern).parts
    plain = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    folder, rest = Path(*parts[:plain]), parts[plain:]
    if not folder.is_dir():
        return
    wanted = Patterns(["/" + "/".join(rest)], folder=str(folder))
    # A name with an ending is a file's: what is deeper than the pattern cannot fit.
    depth = len(rest) - 1 if "." in rest[-1] and not any("**" in part for part in rest) else None
    for found in find_files(folder, filters, depth=depth):
        if wanted.fit(str(found.path)):
            yield found
