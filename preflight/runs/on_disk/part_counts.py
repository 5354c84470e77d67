"""The counts of a part: as they were written beside it, or from its rows, where an earlier version counted less."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from preflight.render.objects.json_text import to_json
from preflight.runs.on_disk.part_digest import REPLACED, WRITTEN, counts_name, digest_of_file, digests_in
from preflight.runs.on_disk.part_files import damaged, part_name, read_part
from preflight.runs.on_disk.run_file import RunFile
from preflight.runs.on_disk.store import Store, read_object
from preflight.runs.on_disk.tally import FOREIGN, PART_SIZE, Tally


def counts_of(store: Store, run: RunFile, number: int, *, is_as_written: bool = False) -> Tally:
    """The counts of a part that is there: as they were written, else from its rows. Writes nothing.

    ``is_as_written``: the caller knows it of the part, whose file is not read where its counts are in order.
    Raises ``RunUnusable`` for a part that is damaged, or was changed since it was written.
    """
    value = read_object(store, counts_name(number))
    counts = _counts_in(store, run, number, value, is_as_written=is_as_written)
    return _from_rows(store, run, number, value) if counts is None else counts


def counts_renewed(store: Store, run: RunFile, number: int) -> Tally:
    """As ``counts_of``. Counts that had to be made from the rows are written, so that the next start reads them.

    Only for the process that holds the lock of the run. Raises ``RunUnusable``.
    """
    value = read_object(store, counts_name(number))
    counts = _counts_in(store, run, number, value, is_as_written=False)
    if counts is None:
        counts = _from_rows(store, run, number, value)
        beside = _beside(store, run, number, value)
        store.write(counts_name(number), to_json({**counts.to_object(), **beside}).encode())
    return counts


def _counts_in(
    store: Store, run: RunFile, number: int, value: Mapping[str, Any], *, is_as_written: bool
) -> Tally | None:
    """The counts in ``value``; ``None`` where they lack something, or are those of another file than the part's."""
    try:
        tally = Tally.from_object(value)
    except FOREIGN:
        return None
    if tally.rows != len(run.rows_of(number)):
        return None
    name, written = part_name(number, run.results), digests_in(value).written
    size = store.size(name)
    if size is not None and value.get(PART_SIZE) not in (None, size):
        return None
    return tally if is_as_written or written is None or written == digest_of_file(store, name) else None


def _from_rows(store: Store, run: RunFile, number: int, value: Mapping[str, Any]) -> Tally:
    """The counts of the rows of a part, with the cost of reading in ``value``, its earlier counts."""
    tally, rows, readings = Tally(), run.rows_of(number), set()
    try:
        for row in read_part(store, number, run.results, rows):
            tally.add_row(row)
            for reading in _readings(row):
                if reading not in readings:
                    readings.add(reading)
                    tally.add_transfer(json.loads(reading)[1])
    except FOREIGN as error:
        raise damaged(store, part_name(number, run.results)) from error
    if value.get("rows") == len(rows):
        with suppress(*FOREIGN):
            tally.take_cost(value)
    return tally


def _readings(row: Mapping[str, Any]) -> Iterator[str]:
    """The readings of a row, as texts that are equal where rows share a reading, down to the time that it took."""
    for subject in row["subjects"]:
        yield json.dumps([subject["source"], subject["transfer"]])


def _beside(store: Store, run: RunFile, number: int, value: Mapping[str, Any]) -> dict[str, Any]:
    """What ``value`` says of the file of the part, whose rows were read. It may be the one that was to be replaced."""
    name, is_replaced = part_name(number, run.results), REPLACED in value
    size = store.size(name)
    found = {
        PART_SIZE: value.get(PART_SIZE) if size is None and not is_replaced else size,
        WRITTEN: digest_of_file(store, name) if is_replaced else digests_in(value).written,
    }
    return {key: each for key, each in found.items() if each is not None}
