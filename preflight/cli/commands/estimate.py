"""``preflight estimate``."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import click

from preflight.checking.engine import Engine
from preflight.cli.completion import files
from preflight.cli.exit_codes import exit_of
from preflight.cli.output import to_json, to_json_lines, to_text
from preflight.cli.result_options import Result, emit_results, results
from preflight.cli.shared_options import Number, engine_options, job_options, network_options, output_options
from preflight.cli.targets import place_options, say_beside, split
from preflight.cli.terminal import progress
from preflight.model import Report
from preflight.render.json_objects import quotes_object


@click.command("estimate")
@click.argument("names", nargs=-1, metavar="[JOB|MANIFEST|MEDIA|URL|FOLDER]...", shell_complete=files)
@click.option("--seconds", type=Number(), metavar="N", help="A length instead of a file.")
@place_options
@job_options
@network_options
@click.option("--max-credits", type=Number(), metavar="N", help="Fail when the job may cost more.")
@output_options("text", "json", "jsonl", several=True)
def command(
    *,
    names: tuple[str, ...],
    seconds: Decimal | None,
    formats: tuple[Result, ...],
    output: str | None,
    quiet: bool,
    no_progress: bool,
    **given: Any,
) -> int:
    """Say what a job will cost: in every mode, with the range and the reason for it.

    \b
    preflight estimate job.yaml
    preflight estimate --seconds 12.5 --mode 1080p
    """
    wanted = results(formats, output)
    if seconds is not None:
        if names or given["image"] or given["video"] or given["files_from"]:
            raise click.UsageError("--seconds stands for a file: give one or the other")
        if not seconds:
            raise click.UsageError("--seconds must be more than 0")
        for name in ("image", "video", "prompt", "files_from", "null"):
            given.pop(name)
        with Engine(engine_options(every_mode=True, **given)) as engine:
            report = engine.estimate(Fraction(seconds))
    else:
        targets, options = split(names, {**given, "every_mode": True})
        with progress("reading", hidden=quiet or no_progress), Engine(options) as engine:
            report = engine.check(targets)
        if not report.jobs:
            raise click.UsageError(f"nothing to estimate: {'; '.join(targets.empty)}")
        if not quiet:
            say_beside(report, targets, options.baseline)
    emit_results(wanted, partial(_as_text, report), quiet=quiet)
    return exit_of(report)


def _as_text(report: Report, format_: str, output: str | None) -> str:
    if format_ == "json":
        return to_json(quotes_object(report))
    if format_ == "jsonl":
        return to_json_lines(quotes_object(report)["jobs"])
    from preflight.render.text import render_quotes  # noqa: PLC0415 - loads rich

    return to_text(partial(render_quotes, report), output)
