"""``preflight probe``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from preflight.checking.engine import Engine
from preflight.cli.completion import files
from preflight.cli.exit_codes import Exit
from preflight.cli.output import to_json, to_json_lines
from preflight.cli.result_options import Result, emit_results, results
from preflight.cli.shared_options import engine_options, network_options, output_options
from preflight.cli.targets import require_file
from preflight.cli.terminal import progress
from preflight.model import Report
from preflight.model.target import Media, is_url
from preflight.redact import printable
from preflight.render import phrases
from preflight.render.json_objects import facts_object


@click.command("probe")
@click.argument("names", nargs=-1, required=True, metavar="FILE|URL...", shell_complete=files)
@network_options
@click.option("--deep", is_flag=True, help="Fetch and decode pictures whole.")
@output_options("text", "json", "jsonl", several=True)
def command(
    *,
    names: tuple[str, ...],
    formats: tuple[Result, ...],
    output: str | None,
    quiet: bool,
    no_progress: bool,
    **given: Any,
) -> int:
    """Say what a file is, without judging it.

    \b
    preflight probe dance.mp4
    preflight probe --format json https://example.com/a.mp4
    """
    wanted = results(formats, output)
    for name in names:
        if not is_url(name):
            require_file(name)
    with progress("reading", hidden=quiet or no_progress), Engine(engine_options(**given)) as engine:
        report = engine.check(Media(source=name) for name in names)
    emit_results(wanted, partial(_as_text, report), quiet=quiet)
    examined = all(subject.facts is not None for job in report.jobs for subject in job.subjects)
    return Exit.PASS if examined else Exit.INDETERMINATE


def _as_text(report: Report, format_: str, _output: str | None) -> str:
    if format_ == "json":
        return to_json(facts_object(report))
    if format_ == "jsonl":
        return to_json_lines(facts_object(report)["subjects"])
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    for job in report.jobs:
        for subject in job.subjects:
            reason = phrases.why_not_read(subject)
            what = phrases.measured(subject) if reason is None else f"not read: {reason}"
            yield f"{printable(subject.source)}  {what}  ({phrases.spent(subject.transfer)})"
