"""Columns of text that are never cut or folded: an id can be copied whole, however narrow the place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def aligned(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> Iterator[str]:
    """``rows``, the first of them the names of the columns, as lines; the columns ``right`` end below each other.

    A column that is empty in every row is left out. The last one may be of any length.
    """
    columns = range(len(rows[0]))
    shown = [column for column in columns if any(row[column] for row in rows[1:])]
    widths = {column: max(len(row[column]) for row in rows) for column in shown}
    for row in rows:
        cells = [
            row[column].rjust(widths[column]) if column in right else row[column].ljust(widths[column])
            for column in shown[:-1]
        ]
        yield "  ".join([*cells, *(row[column] for column in shown[-1:])]).rstrip()
