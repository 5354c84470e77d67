"""``preflight check``."""

from __future__ import annotations

from dataclasses import replace

import click

from preflight.cli import head_start
from preflight.cli.exit_codes import Exit
from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import (
    JobOptions,
    MannerOptions,
    NetworkOptions,
    PlaceOptions,
    RunOptions,
    StreamOptions,
    VerdictOptions,
)
from preflight.cli.options.place_options import place_options
from preflight.cli.options.result_options import results
from preflight.cli.options.run_options import manner_options, manners_of, require_run, run_options
from preflight.cli.options.shared_options import (
    engine_options,
    job_options,
    network_options,
    stream_options,
    thumbnails_option,
    verdict_options,
)
from preflight.cli.printing.output import require_writable
from preflight.cli.printing.terminal import progress
from preflight.render.formats import IDENTIFYING, STREAMS


@click.command("check")
@click.argument("names", nargs=-1, metavar="[JOB|MANIFEST|MEDIA|URL|FOLDER]...", shell_complete=files)
@place_options
@job_options
@network_options
@manner_options
@verdict_options
@click.option(
    "--write-baseline",
    metavar="FILE",
    shell_complete=files,
    help="Write all findings to this baseline file instead of reporting them.",
)
@thumbnails_option
@click.option("--offline", is_flag=True, help="Open no connection; check only the text of URLs.")
@click.option(
    "--jobs-only", is_flag=True, help="Skip files that are not jobs (for hooks that run over a whole repository)."
)
@run_options
@stream_options(STREAMS)
def command(
    *,
    names: tuple[str, ...],
    places: PlaceOptions,
    job: JobOptions,
    network: NetworkOptions,
    manner: MannerOptions,
    verdict: VerdictOptions,
    write_baseline: str | None,
    thumbnails: bool,
    offline: bool,
    jobs_only: bool,
    run: RunOptions,
    output: StreamOptions,
) -> int:
    """Check jobs and media files before you pay for them.

    \b
    preflight check job.yaml
    preflight check character.png dance.mp4
    preflight check https://example.com/dance.mp4
    preflight check --image character.png --video dance.mp4
    preflight check jobs --format sarif:preflight.sarif
    preflight check jobs.csv --to run
    """
    from preflight.checking.engine import Engine
    from preflight.cli.check_run import CheckRun
    from preflight.cli.outcomes import exit_of_outcome
    from preflight.cli.printing.result_streams import ResultStreams
    from preflight.cli.targets import find_targets, say_beside

    wanted = results(output)
    require_run(run)
    if write_baseline is not None:
        verdict = replace(verdict, baseline=None)  # the new baseline keeps the old findings
        require_writable(write_baseline)
        wanted, output = (), replace(output, quiet=min(output.quiet, 1))
    is_run = run.to is not None
    streams = ResultStreams(() if is_run else wanted, quiet=output.quiet)
    identify = bool(streams) and any(result.format in IDENTIFYING for result in wanted)
    options = engine_options(
        network=network,
        job=job,
        verdict=verdict,
        offline=offline,
        thumbnails=thumbnails,
        identify=identify or is_run,
        manners=manners_of(manner, is_run=is_run),
    )
    if is_run:
        from preflight.cli.run_folder import check_into_folder  # only for --to

        return check_into_folder(names, options, run, places=places, wanted=wanted, output=output)
    targets = find_targets(names, places, job, options, jobs_only=jobs_only)
    checked = CheckRun(streams, targets, keeps_all=write_baseline is not None or options.baseline is not None)
    with (
        progress("checking", hidden=output.hidden) as spinner,
        head_start.resources() as resources,
        Engine(options, resources=resources) as engine,
    ):
        if not checked.go_through(engine.check_each(targets), spinner):
            return Exit.INTERRUPTED
    if not checked.totals.jobs and not jobs_only:
        skipped = f"; skipped {targets.skipped.in_words()}" if targets.skipped else ""
        raise click.UsageError(f"nothing to check: {'; '.join(targets.empty)}{skipped}")
    if jobs_only:
        targets.empty.clear()  # files that are not jobs are skipped silently
    if not output.quiet:
        say_beside(checked.kept, targets, options.baseline)
    if write_baseline is not None:
        from preflight.cli.printing.remarks import keep_as_baseline  # only for --write-baseline

        return keep_as_baseline(checked.kept, write_baseline, quiet=bool(output.quiet))
    checked.finish()
    return exit_of_outcome(checked.totals.outcome)
