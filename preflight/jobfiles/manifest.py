"""Many jobs from one file: JSON Lines or CSV, row after row, never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.files import open_regular
from preflight.jobfiles.json_lines import read_json_lines
from preflight.jobfiles.lines import Lines
from preflight.jobfiles.table import read_table
from preflight.model import Job

TABLE_SUFFIXES: Final = frozenset({".csv", ".tsv"})
MANIFEST_SUFFIXES: Final = frozenset({".jsonl", ".ndjson"}) | TABLE_SUFFIXES
"""Endings, in lower case, of the files that ``load_manifest`` is meant for."""


def load_manifest(
    path: Path, *, default_model: str | None = None, max_rows: int = limits.ROWS
) -> Iterator[Job | JobUnreadable]:
    """The jobs of a manifest in their order; in place of a row that cannot be read, the error that says why.

    A ``.csv`` or ``.tsv`` file is a table (``read_table``; ``default_model`` is for it), any other is JSON Lines.
    ``line`` and the places of a job are those in the manifest. An error in the last place may mean that the rest
    was not read; a file that cannot be opened is raised, as ``JobUnreadable``, before the first row.
    """
    with open_regular(path) as stream:
        is_table = path.suffix.lower() in TABLE_SUFFIXES
        yield from read_manifest(
            stream, path=str(path), is_table=is_table, default_model=default_model, max_rows=max_rows
        )


def read_manifest(
    stream: BufferedReader[Any],
    *,
    path: str,
    is_table: bool,
    default_model: str | None = None,
    max_rows: int = limits.ROWS,
) -> Iterator[Job | JobUnreadable]:
    """The same from ``stream``, which need not be able to go back; ``path`` is what errors and jobs call it."""
    lines = Lines(stream, path=path)
    rows = read_table(lines, default_model=default_model) if is_table else read_json_lines(lines)
    try:
        for count, row in enumerate(rows, start=1):
            if count > max_rows:
                message = f"more than {max_rows} rows: the rest is not read"
                yield JobUnreadable(message, path=path, line=lines.number, column=1)
                return
            yield row
    finally:
        lines.release()
