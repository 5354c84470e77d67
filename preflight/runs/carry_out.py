"""A run over a manifest: begins it or goes on with it, shares its parts out, and adds up what came of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias

from preflight.jobfiles.field_names import TableModels
from preflight.runs.engines.checker import Retry, Task
from preflight.runs.engines.local_engine import Watcher
from preflight.runs.limits import ROWS_A_PART
from preflight.runs.manifests.manifest import Manifest
from preflight.runs.manifests.manifest_columns import require_columns
from preflight.runs.manifests.open_manifest import Web, open_manifest
from preflight.runs.manifests.rows import PartRows, part_rows
from preflight.runs.manifests.spooled_input import as_read, is_kept, require_folder, spooled_input
from preflight.runs.on_disk.part_counts import counts_of, counts_renewed
from preflight.runs.on_disk.part_files import Results, part_name, require_parquet
from preflight.runs.on_disk.run_file import RunFile, begin, differences, find_run, new_run
from preflight.runs.on_disk.summary import add_up, elapsed_in, outcome, read_summary, summary_object, write_summary
from preflight.runs.on_disk.tally import Tally
from preflight.runs.run_errors import RunUnusable

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.checking.verdict import Outcome
    from preflight.runs.engines.checker import Headway
    from preflight.runs.on_disk.store import Store

_PART = re.compile(r"part-(\d{5,})\.(jsonl|parquet)")


RowsOf: TypeAlias = Callable[[int], PartRows]
"""The rows of a part, by its number."""


class Work(Protocol):
    """An engine: has parts done, and tells the watcher of each. Raises ``RunUnusable``."""

    def __call__(self, task: Task, parts: Sequence[int], rows_of: RowsOf, watcher: Watcher) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to do: which manifest, where to, and how. ``retry`` examines rows with that verdict again.

    ``rows_a_part``: ``None`` for that of the run that is there, or the usual. ``columns`` maps a job's columns to those
    of the manifest. ``manifest`` is a path, or a URL in an object store or at a web server; where ``stream`` is given,
    it holds the rows.
    """

    manifest: str
    store: Store
    options: Options
    stream: BinaryIO | None = None
    results: Results = "jsonl"
    retry: Retry | None = None
    rows_a_part: int | None = None
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far a run is. ``rows_before`` were done before this start."""

    rows: int
    parts: int
    parts_done: int
    rows_before: int


class Observer(Protocol):
    """Is told how a run goes. ``indexed`` comes first: rows found, and in which part of the manifest, from 0 to 1.

    ``counted`` comes next, after each part that is there: how many of them were read. At a URL each is a download.
    """

    def indexed(self, rows: int, part: float) -> object: ...

    def counted(self, parts: int, there: int) -> object: ...

    def began(self, state: State, before: Tally) -> object: ...

    def progressed(self, progress: Headway) -> object: ...

    def part_done(self) -> object: ...

    def tick(self) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run whose every part is there. ``kept`` is the file that holds its manifest, where that was a stream."""

    summary: dict[str, Any]
    outcome: Outcome
    kept: str | None = None


def carry_out(order: Order, work: Work, observer: Observer) -> Finished:
    """Begin the run, or go on with it, up to its end.

    Raises ``RunUnusable`` where the place holds another run, another process works on it, or a part cannot be done:
    the parts that are complete stay.
    """
    if order.results == "parquet":
        require_parquet()
    store = order.store
    found = find_run(store)  # before anything is made in a place that may be somebody else's
    rows_a_part = order.rows_a_part or (found.rows_a_part if found else ROWS_A_PART)
    web = Web(tuple(order.options.allow), order.options.proxy)
    models = TableModels(order.options.model, order.options.specs)
    with ExitStack() as stack:
        if order.stream is None:
            manifest = stack.enter_context(
                open_manifest(
                    order.manifest,
                    rows_a_part,
                    web=web,
                    models=models,
                    columns=dict(order.columns),
                    on_indexed=observer.indexed,
                )
            )
            if is_kept(order.manifest, store):
                manifest = as_read(manifest)
            store.prepare()
            stack.enter_context(store.lock())
            run = _run(order, manifest)
            return _carried_out(order, manifest, run, work, observer)
        require_folder(store)
        store.prepare()
        stack.enter_context(store.lock())
        spooled = stack.enter_context(
            spooled_input(
                order.stream,
                store,
                rows_a_part,
                models=models,
                columns=dict(order.columns),
                on_indexed=observer.indexed,
            )
        )
        run = _run(order, spooled.manifest, file=str(spooled.temporary))
        manifest = spooled.keep()
        return replace(_carried_out(order, manifest, run, work, observer), kept=manifest.file)


def _carried_out(order: Order, manifest: Manifest, run: RunFile, work: Work, observer: Observer) -> Finished:
    began, store = time.monotonic(), order.store
    done = _done(store, run)
    if order.retry is not None and len(done) < run.parts:
        raise RunUnusable(f"{store.shown} is not finished ({len(done)} of {run.parts} parts): give no --retry first")
    total = Tally()
    wanted = [] if order.retry else [number for number in range(run.parts) if number not in done]
    for read, number in enumerate(sorted(done), start=1):
        tally = counts_renewed(store, run, number)
        total.merge(tally)
        observer.counted(read, len(done))
        if order.retry and tally.verdicts[order.retry]:
            wanted.append(number)
    state = State(rows=run.rows, parts=run.parts, parts_done=len(done), rows_before=total.rows)
    observer.began(state, total)
    if wanted:
        task = Task(
            run_id=run.id,
            store=store,
            options=order.options,
            results=run.results,
            retry=order.retry,
            repeated=manifest.repeated,
        )
        work(
            task,
            wanted,
            partial(part_rows, manifest, model=order.options.model, columns=order.columns, specs=order.options.specs),
            _Watch(observer),
        )
        total = _sum_of_parts(store, run)
    found = read_summary(store)
    summary = summary_object(total, elapsed_s=time.monotonic() - began if wanted else elapsed_in(found))
    if summary != found:
        write_summary(store, summary)
    return Finished(summary=summary, outcome=outcome(total))


def _run(order: Order, manifest: Manifest, *, file: str | None = None) -> RunFile:
    """The run that is there, if this is the command that made it; else a new one. ``file`` has the rows meanwhile."""
    found = find_run(order.store)
    wanted = new_run(manifest, order.options, order.results, columns=dict(order.columns))
    if found is None:
        if order.retry is not None:
            raise RunUnusable(f"{order.store.shown}: --retry needs a finished run, and there is none")
        rows = manifest if file is None else replace(manifest, file=file)
        require_columns(rows, TableModels(order.options.model, order.options.specs), dict(order.columns))
        begin(order.store, wanted)
        return wanted
    differing = differences(found, wanted)
    if differing:
        raise RunUnusable(
            f"{order.store.shown} holds another run, and nothing was done: {'; '.join(differing)}; "
            "give the same manifest and options, or another folder"
        )
    return found


def _done(store: Store, run: RunFile) -> set[int]:
    """The parts that are complete. Raises ``RunUnusable`` for files that no part of this run has."""
    done = set()
    for name in store.names():
        match = _PART.fullmatch(name)
        if match is None:
            continue
        number = int(match[1])
        if number >= run.parts or name != part_name(number, run.results):
            raise RunUnusable(f"{store.shown}: {name} is not a part of this run: move it elsewhere")
        done.add(number)
    return done


def _sum_of_parts(store: Store, run: RunFile) -> Tally:
    """The counts of all parts of a run at its end. Raises ``RunUnusable`` where one is gone.

    Each part was written by this start, or read at its beginning: at a URL, reading it again is a whole download.
    """
    there = store.names()  # a folder on another machine may show a new file late: such a part is looked for by name
    return add_up(
        counts_of(store, run, number, is_as_written=part_name(number, run.results) in there)
        for number in range(run.parts)
    )


class _Watch(Watcher):
    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def done(self, number: int, tally: Tally) -> None:  # noqa: ARG002 - of the interface
        self._observer.part_done()

    def progressed(self, progress: Headway) -> None:
        self._observer.progressed(progress)

    def tick(self) -> None:
        self._observer.tick()
