"""Refuses a manifest of which no row can be a job, before a run of it begins: it has other columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from preflight.errors import JobUnreadable
from preflight.jobfiles.column_advice import missing_cells, missing_columns, missing_keys
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.open import open_regular
from preflight.jobfiles.source_text import read_head
from preflight.runs.manifests.manifest import Manifest

_LOOKED_AT_BYTES: Final = 64 * 1024


def require_columns(manifest: Manifest, models: TableModels, columns: Mapping[str, str]) -> None:
    """Raise ``JobUnreadable`` where the table has no column for a file that every job needs.

    It names the columns that there are, and those that may be meant. Rows of JSON are looked at where all of the first
    ones have the same keys.
    """
    lines = list(_first_lines(manifest))
    match manifest.kind:
        case "table":
            head = read_head(manifest.head).splitlines(keepends=True)
            problem = missing_columns([*head, *lines], models, columns, misspelt=True)
        case "cells":
            cells = (json.loads(line) for line in islice(lines, 20))
            problem = missing_cells(json.loads(manifest.head), [row for row in cells if row], models, columns)
        case _:
            problem = missing_keys(lines, models, columns)
    if problem is not None:
        raise JobUnreadable(problem, path=manifest.path, line=1, column=1)


def _first_lines(manifest: Manifest) -> Iterator[str]:
    """The first whole lines of the rows."""
    start, size = manifest.starts[0], _LOOKED_AT_BYTES
    if manifest.snapshot is not None:
        manifest.snapshot.seek(start)
        data = manifest.snapshot.read(size)
    else:
        with open_regular(Path(manifest.file)) as stream:
            stream.seek(start)
            data = stream.read(size)
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)
    yield from lines if len(data) < size else lines[:-1]
