"""Matches the jobs of one file on two sides: by id, by equal content, by their media, then by their order."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from preflight.errors import JobUnreadable
from preflight.model import Job
from preflight.model.job import JsonValue
from preflight.redact import redact

Row: TypeAlias = "Job | JobUnreadable"


def match_rows(
    before: Sequence[Row], after: Sequence[Row], files_of: Callable[[Row], object | None]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Pairs of rows, those of ``after`` in their order and last the rows that are gone. A row without a twin is alone.

    Rows with an id are the same job only under that id; several with one id are matched in their order. ``files_of``
    is the key of rows with the same media, ``None`` for rows that have an id or no media.
    """
    left = list(before)
    twins: dict[int, Row] = {}
    for key in (_id_of, _body_of, files_of, _place_of):
        waiting: defaultdict[object, deque[Row]] = defaultdict(deque)
        for row in left:
            if (known := key(row)) is not None:
                waiting[known].append(row)
        taken = set()
        for index, row in enumerate(after):
            found = key(row) if index not in twins else None
            if found is not None and waiting[found]:
                twins[index] = waiting[found].popleft()
                taken.add(id(twins[index]))
        left = [row for row in left if id(row) not in taken]
    for index, row in enumerate(after):
        yield twins.get(index), row
    for row in left:
        yield row, None


def _id_of(row: Row) -> str | None:
    return None if isinstance(row, JobUnreadable) else row.id


def _body_of(row: Row) -> str | None:
    if isinstance(row, JobUnreadable):
        return str(row)
    return None if row.id is not None else canonical(row.body)


def _place_of(row: Row) -> int | None:
    """The same for every row without an id: those left are matched in their order."""
    return 0 if isinstance(row, JobUnreadable) or row.id is None else None


def canonical(body: JsonValue) -> str:
    """One text for equal bodies, whatever the order of their keys."""
    return json.dumps(body, sort_keys=True, ensure_ascii=True, default=str)


def leaves(body: JsonValue, name: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Every value of ``body`` that holds no other, with its dotted name."""
    if isinstance(body, dict) and body:
        for key, value in body.items():
            yield from leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(body, list) and body:
        for index, value in enumerate(body):
            yield from leaves(value, f"{name}[{index}]")
    else:
        yield name, body


def shown_value(value: JsonValue) -> JsonValue:
    """``value`` as it may be shown: text without secrets, on one line."""
    return redact(value) if isinstance(value, str) else value
