"""``preflight check``."""

from __future__ import annotations

from dataclasses import replace

import click

from preflight.checking.engine import Engine
from preflight.cli.check_run import CheckRun
from preflight.cli.completion import files
from preflight.cli.exit_codes import Exit
from preflight.cli.option_groups import JobOptions, NetworkOptions, PlaceOptions, StreamOptions, VerdictOptions
from preflight.cli.outcomes import exit_of_outcome
from preflight.cli.output import require_writable
from preflight.cli.result_options import results
from preflight.cli.result_streams import ResultStreams
from preflight.cli.shared_options import engine_options, job_options, network_options, stream_options, verdict_options
from preflight.cli.targets import find_targets, place_options, say_beside
from preflight.cli.terminal import progress
from preflight.render.formats import IDENTIFYING, STREAMS


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
    help="Write all findings to this baseline file instead of reporting them.",
)
@click.option("--offline", is_flag=True, help="Open no connection; check only the text of URLs.")
@click.option(
    "--jobs-only", is_flag=True, help="Skip files that are not jobs (for hooks that run over a whole repository)."
)
@stream_options(STREAMS)
def command(
    *,
    names: tuple[str, ...],
    places: PlaceOptions,
    job: JobOptions,
    network: NetworkOptions,
    verdict: VerdictOptions,
    write_baseline: str | None,
    offline: bool,
    jobs_only: bool,
    output: StreamOptions,
) -> int:
    """Check jobs and media files before you pay for them.

    \b
    preflight check job.yaml
    preflight check character.png dance.mp4
    preflight check https://example.com/dance.mp4
    preflight check --image character.png --video dance.mp4
    preflight check jobs --format sarif:preflight.sarif
    """
    wanted = results(output)
    if write_baseline is not None:
        verdict = replace(verdict, baseline=None)  # the new baseline keeps the old findings
        require_writable(write_baseline)
        wanted, output = (), replace(output, quiet=min(output.quiet, 1))
    streams = ResultStreams(wanted, quiet=output.quiet)
    identify = bool(streams) and any(result.format in IDENTIFYING for result in wanted)
    options = engine_options(network=network, job=job, verdict=verdict, offline=offline, identify=identify)
    targets = find_targets(names, places, job, options, jobs_only=jobs_only)
    run = CheckRun(streams, targets, keeps_all=write_baseline is not None or options.baseline is not None)
    with progress("checking", hidden=output.hidden) as spinner, Engine(options) as engine:
        if not run.go_through(engine.check_each(targets), spinner):
            return Exit.INTERRUPTED
    if not run.totals.jobs and not jobs_only:
        raise click.UsageError(f"nothing to check: {'; '.join(targets.empty)}")
    if jobs_only:
        targets.empty.clear()  # files that are not jobs are skipped silently
    if not output.quiet:
        say_beside(run.kept, targets, options.baseline)
    if write_baseline is not None:
        from preflight.cli.remarks import keep_as_baseline  # noqa: PLC0415 - only for --write-baseline

        return keep_as_baseline(run.kept, write_baseline, quiet=bool(output.quiet))
    run.finish()
    return exit_of_outcome(run.totals.outcome)
