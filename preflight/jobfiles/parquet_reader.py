"""Reads Parquet files, in an isolated process (``jobfiles/parquet_worker.py``), into the jobs of their rows."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import IO, Any, Final, TypeAlias

from preflight.errors import ConfigurationError, JobUnreadable, MissingExtra
from preflight.jobfiles import limits
from preflight.jobfiles.columns import NotAColumn
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.row_ids import EarlierRows, RowIds
from preflight.jobfiles.table_rows import NotAnId, RowReaders
from preflight.model import Job, Place
from preflight.redact import printable, shorten
from preflight.workers.pool import environment

_COMMAND: Final = (sys.executable or "", "-P", "-m", "preflight.jobfiles.parquet_worker")
Cells: TypeAlias = list[Any] | str
"""The values of a row, or why it cannot be read."""

_PIECE_BYTES = 256 * 1024
_MOST_LINE_BYTES = 8 * limits.TABLE_ROW_CHARS


def require_parquet() -> None:
    """Raise ``MissingExtra`` where Parquet cannot be read."""
    if not can_read_parquet():
        raise MissingExtra("reading Parquet files", "runs")


def can_read_parquet() -> bool:
    """Whether the library for Parquet is installed."""
    return find_spec("pyarrow") is not None


def read_parquet(
    source: IO[bytes] | str, *, shown: str, models: TableModels, columns: Mapping[str, str]
) -> Iterator[Job | JobUnreadable]:
    """The jobs of a Parquet file, an open one or the URL of one in a store; ``shown`` is its name.

    ``line`` is the row, counted from 1; places have no columns of text. Values become what JSON has: numbers, texts,
    lists and mappings; dates are ISO 8601, bytes are left out. Otherwise as ``read_table``.

    Raises ``MissingExtra``, ``ConfigurationError`` for a file that a store does not give, and ``JobUnreadable`` for one
    that is not Parquet or where ``columns`` names a column that it does not have. A file that breaks off later is an
    error in place of the rows behind.
    """
    names, rows = parquet_table(source, shown)
    ids = RowIds()
    read_cells = cell_reader(names, columns, shown=shown, models=models, ids=ids)
    return _jobs(rows, read_cells, ids)


def parquet_table(source: IO[bytes] | str, shown: str) -> tuple[list[Any], Iterator[Cells]]:
    """The names of the columns, and the cells of each row.

    Raises as ``read_parquet``; a file that breaks off later raises ``JobUnreadable`` in place of the row.
    """
    require_parquet()
    values = parquet_values(source, shown)
    names = next(values, None)
    if isinstance(names, dict) and "unopened" in names:
        raise ConfigurationError(str(names["unopened"]))
    if not isinstance(names, list):
        raise _unreadable(_why(names), shown, None)
    return names, _rows(values, shown)


def cell_reader(
    names: list[Any], columns: Mapping[str, str], *, shown: str, models: TableModels, ids: EarlierRows
) -> Callable[[int, Cells], Job | JobUnreadable | None]:
    """Makes the job of a row from its number, counted from 1, and its cells; ``None`` of a row without values.

    ``ids`` knows the earlier rows of their ids.

    Raises ``JobUnreadable`` where ``columns`` names a column that is not in ``names``.
    """
    try:
        readers = RowReaders(names, columns, models, ids=ids)
    except NotAColumn as error:
        raise _unreadable(str(error), shown, None) from error

    def read(row: int, cells: Cells) -> Job | JobUnreadable | None:
        if isinstance(cells, str):
            return _unreadable(cells, shown, row)
        if all(cell in (None, "") for cell in cells):
            return None
        try:
            return readers.of(cells).job(cells, path=shown, line=row, places={"": Place(row, 1)})
        except NotAnId as error:
            return _unreadable(str(error), shown, row)

    return read


def parquet_columns(source: IO[bytes], shown: str) -> set[str]:
    """The names of the columns of an open Parquet file, in lower case; none where it is not one."""
    values = parquet_values(source, shown)
    names = next(values, None)
    values.close()
    return {name.strip().lower() for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def _jobs(
    rows: Iterator[Cells], read: Callable[[int, Cells], Job | JobUnreadable | None], ids: RowIds
) -> Iterator[Job | JobUnreadable]:
    try:
        for row, cells in enumerate(rows, start=1):
            job = read(row, cells)
            if job is not None:
                yield job
    except JobUnreadable as error:
        yield error
    finally:
        ids.close()


def _rows(values: Iterator[Any], shown: str) -> Iterator[Cells]:
    row = 0
    for cells in values:
        row += 1
        if isinstance(cells, dict) and "rows" in cells:
            return
        if not isinstance(cells, list | str):
            raise _unreadable(f"{_why(cells)}; the rows behind are not read", shown, row)
        yield cells
    raise _unreadable("the process that reads it has ended; the rows behind are not read", shown, row + 1)


def parquet_values(source: IO[bytes] | str, shown: str) -> Generator[Any, None, None]:
    """The columns of a Parquet file, then the cells of each row, then an object that says how it ended."""
    arguments = [source] if isinstance(source, str) else []
    try:
        process = subprocess.Popen(
            [*_COMMAND, *arguments],
            stdin=subprocess.DEVNULL if isinstance(source, str) else source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
    except OSError as error:
        raise _unreadable(f"no process could be started to read it: {error.strerror or error}", shown, None) from error
    assert process.stdout is not None, "it is started with a pipe"
    try:
        with process.stdout as answers:
            yield from _parsed(answers)
    finally:
        process.kill()
        process.wait()


def _parsed(answers: IO[bytes]) -> Iterator[Any]:
    """The values that the process writes, a line each. Waits a bounded time for each piece of them."""
    held = b""
    while True:
        ready, _, _ = select.select([answers], [], [], limits.PARQUET_SECONDS)
        if not ready:
            yield {"error": f"nothing was read for {limits.PARQUET_SECONDS} s"}
            return
        piece = answers.read1(_PIECE_BYTES)  # type: ignore[attr-defined]  # a pipe is buffered
        if not piece or len(held) > _MOST_LINE_BYTES:
            return
        *lines, held = (held + piece).split(b"\n")
        for line in lines:
            with suppress(ValueError):
                yield json.loads(line)


def _why(said: Any) -> str:
    """The reason that the process gives; where it gives none, it was ended for its memory, or by its file."""
    if isinstance(said, dict) and isinstance(said.get("error"), str):
        return f"not readable as Parquet: {shorten(printable(said['error']), 200)}"
    return "not readable as Parquet: it ended the process that read it"


def _unreadable(message: str, path: str, row: int | None) -> JobUnreadable:
    return JobUnreadable(message, path=path, line=row, column=None if row is None else 1)
