"""``preflight check MANIFEST --to RUN``: a check whose results are kept in a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from preflight.cli.outcomes import exit_of_outcome
from preflight.cli.printing.output import emit
from preflight.cli.printing.run_progress import RunProgress
from preflight.cli.printing.terminal import progress, remark
from preflight.errors import ConfigurationError
from preflight.redact import redact
from preflight.render.objects.json_text import to_json
from preflight.render.run_summary import run_summary
from preflight.runs.carry_out import Finished, Order, RowsOf, carry_out
from preflight.runs.engines.checker import Task
from preflight.runs.engines.local_engine import Watcher, with_manners, work_locally
from preflight.runs.on_disk.open_store import open_store

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.cli.options.option_groups import PlaceOptions, Result, RunOptions, StreamOptions

_FORMATS = ("text", "json")


def check_into_folder(
    names: Sequence[str],
    options: Options,
    run: RunOptions,
    *,
    places: PlaceOptions,
    wanted: Sequence[Result],
    output: StreamOptions,
) -> int:
    """Check the one manifest in ``names`` into the folder of ``run``; the exit code is that of a check."""
    assert run.to is not None
    manifest = _manifest(names, places)
    for each in wanted:
        if each.format not in _FORMATS:
            raise click.UsageError(
                f"--format {each.format} does not go with --to, which prints a summary as text or json: "
                f"run preflight report {run.to} --format {each.format} afterwards"
            )
    store = open_store(run.to)
    order = Order(
        manifest=manifest,
        stream=sys.stdin.buffer if manifest == "-" else None,
        store=store,
        options=options,
        results=run.results,
        retry=run.retry,
        rows_a_part=run.part_rows,
        columns=places.column,
    )
    finished = carried_out(order, run, hidden=output.hidden, quiet=bool(output.quiet))
    for each in wanted:
        if output.quiet and each.file is None:
            continue
        is_text = each.format == "text"
        text = _summary(finished, order) if is_text else to_json(finished.summary)
        emit(text, each.file)
    return exit_of_outcome(finished.outcome)


def _summary(finished: Finished, order: Order) -> str:
    """The summary as text. A manifest from standard input is kept in the folder of the run, and named there."""
    manifest = finished.kept or redact(order.manifest)
    return run_summary(finished.summary, where=order.store.shown, manifest=manifest)


def carried_out(order: Order, run: RunOptions, *, hidden: bool, quiet: bool) -> Finished:
    """The run of ``order``, checked to its end with progress on standard error. Raises as ``carry_out``."""
    with progress("reading the manifest", hidden=hidden) as show:
        observer = RunProgress(show, hidden=hidden)
        try:
            return carry_out(order, partial(_work, run=run, quiet=quiet), observer)
        except KeyboardInterrupt as interrupt:
            done, parts = observer.parts_done
            if parts:
                interrupt.add_note(f"{done} of {parts} parts are complete: run the same command again to continue")
            raise


def _manifest(names: Sequence[str], places: PlaceOptions) -> str:
    if len(names) != 1 or places.files_from is not None:
        raise click.UsageError(
            "--to takes one manifest: a CSV, TSV, JSON Lines or Parquet file, or - for standard input"
        )
    return names[0]


def _work(
    task: Task,
    parts: Sequence[int],
    rows_of: RowsOf,
    watcher: Watcher,
    *,
    run: RunOptions,
    quiet: bool,
) -> None:
    manners = task.options.manners
    most = manners.per_host if manners else len(parts)
    if run.engine == "ray":
        # Read when Ray is loaded: it neither reports that it is used, nor writes to our streams.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        from preflight.runs.engines.ray_engine import work_on_ray  # an extra

        is_tls = os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true")
        work_on_ray(task, parts, rows_of, watcher, address=run.address, workers=run.workers, most=most, is_tls=is_tls)
        return
    wanted = run.workers or _processors()
    workers = max(1, min(wanted, most, len(parts)))
    if run.workers is not None and run.workers > most and not quiet:
        remark(f"{most} workers instead of {run.workers}: they share out --per-host, which is {most}")
    work_locally(with_manners(task, workers), parts, rows_of, watcher, command=_worker_command)


def _worker_command(descriptor: int) -> list[str]:
    if not sys.executable:
        raise ConfigurationError("no worker can be started: this Python does not know its own program")
    return [sys.executable, "-m", "preflight.cli.check_worker", str(descriptor)]


def _processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
