"""``preflight sheet``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import JobOptions, NetworkOptions, PlaceOptions
from preflight.cli.options.param_types import Choice, WholeNumber
from preflight.cli.options.shared_options import engine_options, network_options
from preflight.cli.options.spec_options import model_option, spec_option
from preflight.cli.printing.output import require_writable, write_picture
from preflight.cli.printing.terminal import progress, remark, tell, verbose_option
from preflight.model.file_types import RUN_FILE

if TYPE_CHECKING:
    from preflight.model import JobReport

_MOST_SHEETS = 100
_COLUMNS = 5
_REPORT_MARKS = ('"preflight.report/v1"', '"preflight.job/v1"', '"subjects"')
_HEAD_BYTES = 64 * 1024


@click.command("sheet")
@click.argument("names", nargs=-1, required=True, metavar="RUN|REPORT|FILE...", shell_complete=files)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    shell_complete=files,
    help="Picture to write: .png, .jpg or .webp; further sheets get a number.",
)
@click.option(
    "--only",
    type=Choice(["fail", "indeterminate", "pass"]),
    multiple=True,
    help="Draw only jobs with this verdict (repeatable).",
)
@click.option("--per-sheet", type=WholeNumber(1, 200), default=60, show_default=True, help="Most jobs on one sheet.")
@model_option
@spec_option
@network_options
@click.option("--no-progress", is_flag=True, help="Show no progress.")
@verbose_option
def command(
    *,
    names: tuple[str, ...],
    output: str,
    only: tuple[str, ...],
    per_sheet: int,
    model: str,
    network: NetworkOptions,
    no_progress: bool,
) -> int:
    """Draw a contact sheet: thumbnails with verdict, seconds and price.

    RUN is the folder of a run, REPORT a saved report, made with --thumbnails;
    anything else is checked first, as 'preflight check' does.

    \b
    preflight sheet RUN -o sheet.png
    preflight sheet media -o sheet.png --only fail
    """
    from preflight.checking.sheets import FORMS, SheetArtist  # loads the pool of processes

    suffix = Path(output).suffix.lower()
    if suffix not in FORMS:
        raise click.UsageError(f"--output {output}: a sheet is written as {', '.join(FORMS)}")
    require_writable(output)
    from preflight.checking.totals import totals_of  # only once the command line is right
    from preflight.render.tabular.sheet_cells import cell_of, heading, sheet_request

    written = 0
    with progress("drawing", hidden=no_progress), SheetArtist() as artist:
        jobs = (job for job in _jobs(names, model, network, per_sheet) if not only or job.verdict.value in only)
        for number in count(1):
            some = list(islice(jobs, per_sheet)) if number <= _MOST_SHEETS else []
            if not some:
                break
            data, wants = sheet_request(
                [cell_of(job) for job in some], heading(written + 1, totals_of(some)), columns=_COLUMNS
            )
            name = output if number == 1 else str(Path(output).with_stem(f"{Path(output).stem}-{number}"))
            write_picture(artist.draw(data, wants, suffix), name)
            written += len(some)
            tell(f"{name}: {len(some)} {'job' if len(some) == 1 else 'jobs'}")
        is_cut = next(jobs, None) is not None
    if is_cut:
        remark(f"only the first {written} are drawn: no more than {_MOST_SHEETS} sheets are")
    if not written:
        raise click.UsageError("nothing to draw: there are no jobs in it")
    return 0


def _jobs(names: tuple[str, ...], model: str, network: NetworkOptions, per_sheet: int) -> Iterator[JobReport]:
    """The jobs of runs and reports in their order, or those of other names, checked, in natural order of names."""
    saved = [name for name in names if _is_saved(Path(name))]
    if saved and len(saved) < len(names):
        raise click.UsageError("runs and reports do not go with files to check: draw them in two calls")
    if saved:
        from preflight.runs.reports.report_reader import read_reports  # loads the model

        yield from (read.job for read in read_reports(saved, remark))
        return
    yield from _in_natural_order(_checked(names, model, network), _MOST_SHEETS * per_sheet + 1)


def _checked(names: tuple[str, ...], model: str, network: NetworkOptions) -> Iterator[JobReport]:
    from preflight.checking.engine import Engine  # a run needs no engine
    from preflight.cli.targets import find_targets

    job = JobOptions(model=model)
    options = engine_options(network=network, job=job, thumbnails=True, identify=False)
    targets = find_targets(names, PlaceOptions(), job, options)
    with Engine(options) as engine:
        yield from engine.check_each(targets)
    if targets.empty:
        remark("; ".join(targets.empty))


def _in_natural_order(jobs: Iterable[JobReport], most: int) -> list[JobReport]:
    """Names as people count them: dance2 comes before dance10."""
    from preflight.targets.pairing import natural_key  # only for files

    def key(job: JobReport) -> tuple[object, ...]:
        path = job.path or next((subject.source for subject in job.subjects), "")
        return natural_key(path), job.line or 0

    return sorted(islice(jobs, most), key=key)


def _is_saved(path: Path) -> bool:
    """Whether it is the folder of a run, or a report that was written."""
    try:
        if path.is_dir():
            return (path / RUN_FILE).is_file()
        if path.suffix.lower() not in (".json", ".jsonl") or not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return False
    return any(mark in head for mark in _REPORT_MARKS)
