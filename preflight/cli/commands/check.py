"""``preflight check``."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from preflight.checking.engine import Engine
from preflight.cli.completion import files
from preflight.cli.exit_codes import exit_of
from preflight.cli.output import require_writable, to_json, to_json_lines, to_text
from preflight.cli.result_options import Result, emit_results, results
from preflight.cli.shared_options import job_options, network_options, output_options, verdict_options
from preflight.cli.targets import place_options, say_beside, split
from preflight.cli.terminal import progress
from preflight.model import Report
from preflight.render import in_order as lines


@click.command("check")
@click.argument("names", nargs=-1, metavar="[JOB|MANIFEST|MEDIA|URL|FOLDER]...", shell_complete=files)
@place_options
@job_options
@network_options
@verdict_options
@click.option(
    "--write-baseline",
    metavar="FILE",
    shell_complete=files,
    help="Write down what is found as old, instead of reporting it.",
)
@click.option("--offline", is_flag=True, help="Judge URLs by their text alone; open no connection.")
@click.option("--jobs-only", is_flag=True, help="Pass over files that are no jobs: for hooks over a whole repository.")
@output_options("text", "json", "jsonl", "sarif", "junit", "github", several=True)
def command(
    *,
    names: tuple[str, ...],
    write_baseline: str | None,
    formats: tuple[Result, ...],
    output: str | None,
    quiet: bool,
    no_progress: bool,
    **given: Any,
) -> int:
    """Check jobs and media files before they are paid for.

    \b
    preflight check job.yaml
    preflight check character.png dance.mp4
    preflight check https://example.com/dance.mp4
    preflight check --image character.png --video dance.mp4
    preflight check jobs --format sarif:preflight.sarif
    """
    wanted, jobs_only = results(formats, output), given["jobs_only"]
    if write_baseline is not None:
        given["baseline"] = None  # what is old already is old in the new one, too
        require_writable(write_baseline)
    targets, options = split(names, given)
    with progress("checking", hidden=quiet or no_progress), Engine(options) as engine:
        report = engine.check(targets)
    if not report.jobs and not jobs_only:
        raise click.UsageError(f"nothing to check: {'; '.join(targets.empty)}")
    if jobs_only:
        targets.empty.clear()  # what is no job is passed over without a word
    if not quiet:
        say_beside(report, targets, options.baseline)
    if write_baseline is not None:
        from preflight.cli.remarks import keep_as_baseline  # noqa: PLC0415 - only where it is asked for

        return keep_as_baseline(report, write_baseline, quiet=quiet)
    emit_results(wanted, partial(as_text, report), quiet=quiet)
    if not quiet and any(result.format == "github" for result in wanted):
        from preflight.cli.report_output import append_step_summary, source_tree  # noqa: PLC0415 - only for this format

        append_step_summary(report, source_tree())
    return exit_of(report)


def as_text(report: Report, format_: str, output: str | None) -> str:
    """A report in one of the formats."""
    match format_:
        case "json":
            from preflight.render.json_objects import report_object  # noqa: PLC0415 - only for this format

            return to_json(report_object(report))
        case "jsonl":
            from preflight.render.json_objects import job_object  # noqa: PLC0415 - only for this format

            return to_json_lines([job_object(job) for job in report.jobs])
        case "sarif" | "junit" | "github":
            from preflight.cli.report_output import for_machines  # noqa: PLC0415 - only for these formats

            return for_machines(report, format_)
        case _:
            if lines.is_enough(report):
                return "".join(f"{line}\n" for line in lines.render_lines(report))
            from preflight.render.text import render_report  # noqa: PLC0415 - loads rich

            return to_text(partial(render_report, report), output)
