"""``preflight estimate``."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import JobOptions, NetworkOptions, PlaceOptions, ResultOptions, VerdictOptions
from preflight.cli.options.param_types import Number
from preflight.cli.options.place_options import place_options
from preflight.cli.options.result_options import emit_results, results
from preflight.cli.options.shared_options import (
    engine_options,
    job_options,
    network_options,
    result_options,
    thumbnails_option,
)
from preflight.cli.printing.terminal import progress, remark
from preflight.render.formats import QUOTES

if TYPE_CHECKING:
    from preflight.model import JobReport


@click.command("estimate")
@click.argument("names", nargs=-1, metavar="[JOB|MANIFEST|MEDIA|URL|FOLDER]...", shell_complete=files)
@click.option("--seconds", type=Number(), metavar="N", help="Price this length instead of a file.")
@place_options
@job_options
@network_options
@click.option("--max-credits", type=Number(), metavar="N", help="Fail if the job may cost more than this.")
@thumbnails_option
@result_options(QUOTES)
def command(
    *,
    names: tuple[str, ...],
    seconds: Decimal | None,
    places: PlaceOptions,
    job: JobOptions,
    network: NetworkOptions,
    max_credits: Decimal | None,
    thumbnails: bool,
    output: ResultOptions,
) -> int:
    """Show the price of a job in every mode, with its range and the reasons for it.

    \b
    preflight estimate job.yaml
    preflight estimate --seconds 12.5 --mode 1080p
    """
    from preflight.checking.engine import Engine
    from preflight.cli.outcomes import exit_of
    from preflight.cli.targets import find_targets, say_beside

    wanted = results(output)
    limit = VerdictOptions(max_credits=max_credits)
    options = engine_options(network=network, job=job, verdict=limit, every_mode=True, thumbnails=thumbnails)
    if seconds is not None:
        if names or job.image or job.video or places.files_from:
            raise click.UsageError("--seconds replaces a file: give only one of them")
        if not seconds:
            raise click.UsageError("--seconds must be more than 0")
        with Engine(options) as engine:
            report = engine.estimate(Fraction(seconds))
    else:
        targets = find_targets(names, places, job, options)
        with progress("reading", hidden=output.hidden), Engine(options) as engine:
            report = engine.check(targets)
        if not report.jobs:
            raise click.UsageError(f"nothing to estimate: {'; '.join(targets.empty)}")
        if not output.quiet:
            say_beside(report, targets, options.baseline)
            if any(map(_lacks_a_clip, report.jobs)):
                remark("there is no price where no length is known: --seconds N prices a length without a file")
    emit_results(wanted, QUOTES, report, quiet=output.quiet)
    return exit_of(report)


def _lacks_a_clip(job: JobReport) -> bool:
    """Whether a job has no price for want of a clip that can be priced."""
    from preflight.checking.verdict import verdict_of_subject  # loaded with the engine
    from preflight.model import Kind, Verdict

    return job.quote is None and any(
        subject.kind is Kind.VIDEO and verdict_of_subject(job, subject) is not Verdict.PASS for subject in job.subjects
    )
