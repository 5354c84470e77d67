"""A manifest, cut into parts: where the rows of each begin, and the fingerprint of the whole.

One pass over the file finds both without reading any job, so that a run that goes on skips what is done at the speed of
the disk, and any process can read the rows of any part.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from typing import IO, Any, Literal, TypeAlias, assert_never

from preflight.errors import ConfigurationError, JobUnreadable
from preflight.jobfiles.csv_reader import require_header, table_rows
from preflight.jobfiles.open import require_fetched
from preflight.redact import shown_path
from preflight.runs.manifests.counted_lines import CountedLines
from preflight.runs.manifests.id_scan import IdScan
from preflight.runs.manifests.repeated_ids import RepeatedIds
from preflight.runs.manifests.repeated_urls import RepeatedUrls, UrlCount
from preflight.runs.run_errors import ManifestChanged

_TOLD_EVERY = 5000
"""Rows between two calls that say how far the pass is."""

Kind: TypeAlias = Literal["lines", "table", "cells"]
"""How rows are written: as lines of JSON, as a table of text, or as lines of JSON that list the cells of a row."""

OnIndexed: TypeAlias = "Callable[[int, float], object]"
"""Is told how many rows were found so far, and in which part of the file, from 0 to 1."""

Stamp: TypeAlias = tuple[int, int, int, int]
"""Tells two states of a file apart: its inode, its size, and when its content and its inode were last changed.

Programs set the time of the content back; that of the inode is the system's own.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The rows of one part: bytes ``[start, end)`` of the manifest, which begin on ``first_line``.

    ``first_row`` counts from 1.
    """

    number: int
    start: int
    end: int
    first_line: int
    first_row: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest, with the first byte and line of every part (``starts`` has one entry more).

    ``path`` is its name in rows, ``file`` the file or URL that it is. ``head`` is the header of a table, of
    ``head_lines`` lines. ``repeated`` are the URLs that stand in several rows, ``None`` where there are none.
    ``same_ids`` are the rows with the id of an earlier row, ``None`` where nobody looked.
    ``snapshot`` is a file without a name that holds the rows where ``path`` is not a text of this machine; ``close``
    closes it.
    """

    path: str
    file: str
    sha256: str
    rows: int
    rows_a_part: int
    stamp: Stamp
    kind: Kind
    head: bytes
    head_lines: int
    starts: array[int]
    lines: array[int]
    repeated: RepeatedUrls | None = None
    same_ids: RepeatedIds | None = None
    snapshot: IO[bytes] | None = None

    def close(self) -> None:
        """Let go of the snapshot."""
        if self.snapshot is not None:
            self.snapshot.close()

    @property
    def parts(self) -> int:
        return len(self.lines)

    def slice(self, number: int) -> Slice:
        """Where the rows of part ``number`` are."""
        first = number * self.rows_a_part
        return Slice(
            number=number,
            start=self.starts[number],
            end=self.starts[number + 1],
            first_line=self.lines[number],
            first_row=first + 1,
            rows=min(self.rows_a_part, self.rows - first),
        )


def index_of(
    stream: BufferedReader[Any],
    *,
    kind: Kind,
    path: str,
    rows_a_part: int,
    sha256: str | None = None,
    snapshot: IO[bytes] | None = None,
    ids: IdScan | None = None,
    on_indexed: OnIndexed | None = None,
) -> Manifest:
    """Where the parts of the manifest in ``stream`` begin; ``path`` is its name in errors and in rows.

    ``sha256`` is for a stream that is not the manifest's own bytes. ``ids`` is shown every row, and ``on_indexed`` is
    told now and then. Raises ``ConfigurationError`` for one without rows, ``ManifestChanged`` for one that changes
    meanwhile.
    """
    head = stream.peek(100)[:100]
    require_fetched(head, path=path)
    stamp = stamp_of(stream)
    lines = CountedLines(stream, path=path)
    urls = UrlCount(stamp[1])
    scan = _Scan(lines, rows_a_part, urls, ids, on_indexed=on_indexed, size=stamp[1])
    match kind:
        case "table":
            scan.table()
        case "cells":
            scan.cells()
        case "lines":
            scan.json_lines()
        case _:
            assert_never(kind)
    lines.read_to_end()
    stream.seek(0)
    head = stream.read(scan.head_bytes)
    if stamp_of(stream) != stamp:
        raise changed(path)
    if not scan.rows:
        raise ConfigurationError(f"{shown_path(path)}: no jobs in it")
    return Manifest(
        path=path,
        file=path,
        sha256=sha256 or lines.digest.hexdigest(),
        rows=scan.rows,
        rows_a_part=rows_a_part,
        stamp=stamp,
        kind=kind,
        head=head,
        head_lines=scan.head_lines,
        starts=scan.starts,
        lines=scan.first_lines,
        repeated=urls.repeated(),
        same_ids=ids.found if ids else None,
        snapshot=snapshot,
    )


def stamp_of(stream: IO[bytes]) -> Stamp:
    """The state of an open file."""
    found = os.fstat(stream.fileno())
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def changed(path: str, how: str = "changed while it was read") -> ManifestChanged:
    """The error for a manifest that is not what it was when the run began."""
    return ManifestChanged(
        f"{shown_path(path)} {how}: the parts that are complete stay; "
        "restore the manifest and run the same command again, or begin another run"
    )


class _Scan:
    """Finds the rows of a manifest, and notes where each part begins."""

    def __init__(
        self,
        lines: CountedLines,
        rows_a_part: int,
        urls: UrlCount,
        ids: IdScan | None,
        *,
        on_indexed: OnIndexed | None,
        size: int,
    ) -> None:
        self.rows = 0
        self.head_bytes = self.head_lines = 0
        self.starts = array("Q")
        self.first_lines = array("Q")
        self._lines = lines
        self._rows_a_part = rows_a_part
        self._urls = urls
        self._ids = ids
        self._on_indexed = on_indexed
        self._size = size

    def json_lines(self) -> None:
        """A row is a line that is not blank, or cannot be read."""
        lines = self._lines
        while True:
            start, number = lines.position, lines.number + 1
            try:
                line = next(lines)
                if line.strip():
                    self._row(start, number)
                    self._urls.add_json(line)
                    if self._ids is not None:
                        self._ids.json_line(line, number)
            except StopIteration:
                break
            except JobUnreadable:
                self._row(start, number)
        self.starts.append(lines.position)

    def table(self) -> None:
        """A row is one with a value in some cell, or that cannot be read. Raises ``JobUnreadable`` for the header."""
        lines = self._lines
        rows = table_rows(lines)
        header = next(rows, None)
        if isinstance(header, JobUnreadable):
            raise header
        if header is not None:
            require_header(header)
            if self._ids is not None:
                self._ids.header(header)
        self.head_bytes, self.head_lines = lines.position, lines.number
        start, number = lines.position, lines.number + 1
        for row in rows if header else ():
            self._row(start, number)
            if not isinstance(row, JobUnreadable):
                self._urls.add(" ".join(row.cells))
                if self._ids is not None:
                    self._ids.table_row(row)
            start, number = lines.position, lines.number + 1
        self.starts.append(lines.position)

    def cells(self) -> None:
        """A row is a line that lists some cell. The first line names the columns, and is not counted as a row."""
        lines = self._lines
        names = next(lines, "")
        if self._ids is not None:
            self._ids.names(names)
        self.head_bytes, self.head_lines = lines.position, lines.number
        start, number = lines.position, lines.number
        for line in lines:
            if line != "[]\n":
                self._row(start, number)
                self._urls.add_json(line)
                if self._ids is not None:
                    self._ids.cells(line, number)
            start, number = lines.position, lines.number
        self.starts.append(lines.position)

    def _row(self, start: int, line: int) -> None:
        if self.rows % self._rows_a_part == 0:
            self.starts.append(start)
            self.first_lines.append(line)
            if self._ids is not None:
                self._ids.found.begin_part()
        self.rows += 1
        if self._on_indexed is not None and self.rows % _TOLD_EVERY == 0:
            self._on_indexed(self.rows, min(start / self._size, 1.0) if self._size else 1.0)
