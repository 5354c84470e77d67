"""Checks the rows of one part and writes its file: the work that every engine shares out."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from preflight.checking.engine import Engine
from preflight.errors import PreflightError
from preflight.render.objects.json_objects import job_object
from preflight.render.objects.json_text import to_json, to_json_lines
from preflight.runs.engines.counted_readings import CountedReadings
from preflight.runs.on_disk.part_digest import beside_counts, counts_name, digest_of_file
from preflight.runs.on_disk.part_files import SCHEMA, Results, damaged, encoded, part_name, read_part
from preflight.runs.on_disk.run_file import find_run
from preflight.runs.on_disk.tally import FOREIGN, PART_SIZE, Tally
from preflight.runs.run_errors import RunUnusable

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.checking.subjects import Shared
    from preflight.model import JobReport
    from preflight.model.target import Target
    from preflight.runs.manifests.repeated_urls import RepeatedUrls
    from preflight.runs.manifests.rows import PartRows
    from preflight.runs.on_disk.store import Store

Retry: TypeAlias = Literal["fail", "indeterminate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker needs to know beside the rows of a part; it can be sent to another process.

    ``retry``: parts are there already, and their rows with this verdict are examined again. ``repeated`` are the URLs
    in several rows, for workers that share their readings.
    """

    run_id: str
    store: Store
    options: Options
    results: Results
    retry: Retry | None = None
    repeated: RepeatedUrls | None = None


@dataclass(slots=True, kw_only=True)
class Headway:
    """What was done since the last report of it. ``sent_again`` counts requests."""

    rows: int = 0
    passed: int = 0
    failed: int = 0
    indeterminate: int = 0
    bytes: int = 0
    requests: int = 0
    sent_again: int = 0

    def add(self, other: Headway) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def clear(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDone:
    """A part whose file is written, and its counts."""

    number: int
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFailed:
    """A part that cannot be done, and why."""

    number: int
    error: PreflightError


Parts: TypeAlias = "asyncio.Queue[PartRows | None]"
"""The parts to do, and ``None`` when no more will come."""


class PartChecker:
    """Checks the parts that come, several at a time, and writes the file of each when its last row is known.

    A file that several rows name is read once, across parts too, as far as the engine remembers it, or it is
    ``shared`` with other workers. ``counted`` are readings whose cost they count.
    """

    def __init__(
        self,
        task: Task,
        *,
        heard: Callable[[PartDone | PartFailed], object],
        on_progress: Callable[[Headway], object] = lambda _: None,
        counted: CountedReadings | None = None,
        shared: Shared | None = None,
    ) -> None:
        self._task = task
        self._heard = heard
        self._on_progress = on_progress
        self._places: dict[int, tuple[_Part, int]] = {}
        self._taken = 0
        self._counted = counted or CountedReadings()
        self._shared = shared

    async def check(self, parts: Parts) -> None:
        """Do all ``parts``; ``heard`` is told of each."""
        async with Engine(self._task.options, shared=self._shared) as engine, aclosing(self._targets(parts)) as targets:
            async for checked in engine.results(targets):
                part, row = self._places.pop(checked.index)
                self._on_progress(self._add(part, row, checked.report))
                if not part.missing:
                    self._finish(part)

    async def _targets(self, parts: Parts) -> AsyncGenerator[Target, None]:
        """The rows of the parts under way, by turns: neighbours in a manifest often have one host."""
        open_parts: deque[tuple[_Part, Iterator[tuple[int, Target]]]] = deque()
        is_open = True
        while is_open or open_parts:
            while is_open and (not open_parts or not parts.empty()):
                rows = await parts.get()
                if rows is None:
                    is_open = False
                elif (begun := self._begun(rows)) is not None:
                    open_parts.append(begun)
            if not open_parts:
                continue
            part, targets = open_parts.popleft()
            row, target = next(targets, (0, None))
            if target is not None:
                open_parts.append((part, targets))
                self._places[self._taken] = part, row
                self._taken += 1
                yield target

    def _begun(self, rows: PartRows) -> tuple[_Part, Iterator[tuple[int, Target]]] | None:
        try:
            self._require_run()
            part = _Part(rows.part.number, rows.part.rows)
            if self._task.retry is not None:
                first = rows.part.first_row
                numbers = range(first, first + rows.part.rows)
                for kept in read_part(self._task.store, part.number, self._task.results, numbers):
                    part.keep(kept, again=kept["verdict"] == self._task.retry)
            found = enumerate(rows.read(), start=rows.part.first_row)
            wanted = [(row, target) for row, target in found if row not in part.lines]
        except PreflightError as error:
            self._heard(PartFailed(number=rows.part.number, error=error))
            return None
        if not wanted:
            self._finish(part)
            return None
        part.missing = len(wanted)
        return part, iter(wanted)

    def _add(self, part: _Part, row: int, job: JobReport) -> Headway:
        found = _row_object(row, job, tries=part.tries.get(row, 0) + 1)
        part.lines[row] = to_json_lines([found])
        part.missing -= 1
        verdict = found["verdict"]
        progress = Headway(
            rows=1, passed=verdict == "pass", failed=verdict == "fail", indeterminate=verdict == "indeterminate"
        )
        for subject in job.subjects:
            if self._counted.add(subject.transfer):
                progress.bytes += subject.transfer.bytes
                progress.requests += subject.transfer.requests
                progress.sent_again += subject.transfer.retries
        part.tally.add_cost(progress)
        return progress

    def _finish(self, part: _Part) -> None:
        try:
            store, results = self._task.store, self._task.results
            lines = [part.lines[row] for row in sorted(part.lines)]
            self._count(part, lines)
            file = encoded(lines, results)
            # The counts first: once the part is there, they are, too.
            name = part_name(part.number, results)
            replaced = None if self._task.retry is None else digest_of_file(store, name)
            counts = {**part.tally.to_object(), PART_SIZE: len(file), **beside_counts(file, replaced)}
            store.write(counts_name(part.number), to_json(counts).encode())
            store.write(name, file)
        except PreflightError as error:
            self._heard(PartFailed(number=part.number, error=error))
        else:
            self._heard(PartDone(number=part.number, tally=part.tally))

    def _count(self, part: _Part, lines: list[str]) -> None:
        """Count the rows of a part. Those that are kept from its file may be foreign."""
        try:
            for line in lines:
                part.tally.add_row(json.loads(line))
        except FOREIGN as error:
            if self._task.retry is None:
                raise
            raise damaged(self._task.store, part_name(part.number, self._task.results)) from error

    def _require_run(self) -> None:
        """On another machine the folder may be there without being shared."""
        run = find_run(self._task.store)
        if run is None or run.id != self._task.run_id:
            raise RunUnusable(
                f"{self._task.store.shown} does not hold this run any more, or not on the machine of this worker: "
                "put it back, or share it with every worker, and run the same command again"
            )


class _Part:
    """A part in the making: the line of each row that is known, and how many are missing."""

    def __init__(self, number: int, rows: int) -> None:
        self.number = number
        self.missing = rows
        self.lines: dict[int, str] = {}
        self.tries: dict[int, int] = {}
        self.tally = Tally()

    def keep(self, row: dict[str, Any], *, again: bool) -> None:
        """A row of the file that is there, which stays unless it is to be examined ``again``."""
        if again:
            self.tries[row["row"]] = row["tries"]
        else:
            self.lines[row["row"]] = to_json_lines([row])


def _row_object(row: int, job: JobReport, *, tries: int) -> dict[str, Any]:
    return {"schema": SCHEMA, "row": row, **job_object(job), "tries": tries}
