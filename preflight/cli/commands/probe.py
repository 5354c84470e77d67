"""``preflight probe``."""

from __future__ import annotations

import click

from preflight.cli import head_start
from preflight.cli.exit_codes import Exit
from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import NetworkOptions, ResultOptions, VerdictOptions
from preflight.cli.options.result_options import emit_results, results
from preflight.cli.options.shared_options import engine_options, network_options, result_options
from preflight.cli.printing.terminal import progress
from preflight.model.target import Media, is_url
from preflight.render.formats import FACTS


@click.command("probe")
@click.argument("names", nargs=-1, required=True, metavar="FILE|URL...", shell_complete=files)
@network_options
@click.option("--deep", is_flag=True, help="Fetch and decode each picture completely.")
@result_options(FACTS)
def command(
    *,
    names: tuple[str, ...],
    network: NetworkOptions,
    deep: bool,
    output: ResultOptions,
) -> int:
    """Show facts about a file without judging it.

    \b
    preflight probe dance.mp4
    preflight probe --format json https://example.com/a.mp4
    """
    from preflight.checking.engine import Engine
    from preflight.cli.targets import require_file

    wanted = results(output)
    for name in names:
        if not is_url(name):
            require_file(name)
    options = engine_options(network=network, verdict=VerdictOptions(deep=deep))
    with (
        progress("reading", hidden=output.hidden),
        head_start.resources() as resources,
        Engine(options, resources=resources) as engine,
    ):
        report = engine.check(Media(source=name) for name in names)
    emit_results(wanted, FACTS, report, quiet=output.quiet)
    examined = all(subject.facts is not None for job in report.jobs for subject in job.subjects)
    return Exit.PASS if examined else Exit.INDETERMINATE
