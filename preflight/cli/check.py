"""``preflight check``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import click

from preflight.cli.completion import files
from preflight.cli.exits import exit_of
from preflight.cli.formats import Result, emit_results, results
from preflight.cli.options import engine_options, job_options, network_options, output_options, verdict_options
from preflight.cli.output import to_json, to_json_lines, to_text
from preflight.cli.places import source_tree
from preflight.cli.progress import progress
from preflight.cli.summary import append_step_summary
from preflight.engine import Engine, Media, Options, Target
from preflight.errors import JobUnreadable
from preflight.examine import is_url
from preflight.model import Kind, Report
from preflight.redact import redact
from preflight.render import lines
from preflight.targets import read_targets

_STDIN_BYTES = 17 * 1024 * 1024
"""A little more than a job file may have, so that one that is too long is seen to be."""


@click.command("check")
@click.argument("names", nargs=-1, metavar="[JOB|MANIFEST|MEDIA|URL|FOLDER]...", shell_complete=files)
@job_options
@network_options
@verdict_options
@click.option("--offline", is_flag=True, help="Judge URLs by their text alone; open no connection.")
@click.option("--jobs-only", is_flag=True, help="Pass over files that are no jobs: for hooks over a whole repository.")
@output_options("text", "json", "jsonl", "sarif", "junit", "github", several=True)
def command(
    *,
    names: tuple[str, ...],
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
    targets, options = split(names, given)
    with progress("checking", hidden=quiet or no_progress), Engine(options) as engine:
        report = engine.check(targets)
    if not report.jobs and not jobs_only:
        raise click.UsageError("nothing to check")
    emit_results(wanted, partial(as_text, report), quiet=quiet)
    if not quiet and any(result.format == "github" for result in wanted):
        append_step_summary(report, source_tree())
    return exit_of(report)


def as_text(report: Report, format_: str, output: str | None) -> str:
    """A report in one of the formats."""
    match format_:
        case "json":
            from preflight.render.objects import report_object  # noqa: PLC0415 - only for this format

            return to_json(report_object(report))
        case "jsonl":
            from preflight.render.objects import job_object  # noqa: PLC0415 - only for this format

            return to_json_lines([job_object(job) for job in report.jobs])
        case "sarif" | "junit" | "github":
            from preflight.cli.machines import for_machines  # noqa: PLC0415 - only for these formats

            return for_machines(report, format_)
        case _:
            if lines.is_enough(report):
                return "".join(f"{line}\n" for line in lines.render_lines(report))
            from preflight.render.text import render_report  # noqa: PLC0415 - loads rich

            return to_text(partial(render_report, report), output)


def split(names: Sequence[str], given: dict[str, Any]) -> tuple[Iterator[Target], Options]:
    """Targets and engine options from a command's arguments. Raises ``UsageError`` when there is nothing to check."""
    image, video, prompt = given.pop("image"), given.pop("video"), given.pop("prompt")
    jobs_only = given.pop("jobs_only", False)
    options = engine_options(**given)
    if not names and image is None and video is None and not jobs_only:
        raise click.UsageError("nothing to check: name a job file, a media file or a URL, or give --image and --video")
    return chain(_named(names, options, jobs_only=jobs_only), _given(image, video, prompt, options)), options


def _named(names: Sequence[str], options: Options, *, jobs_only: bool) -> Iterator[Target]:
    for name in names:
        if name == "-":
            from preflight.jobfiles import load_text  # noqa: PLC0415 - loads YAML, which media files need not

            yield load_text(sys.stdin.buffer.read(_STDIN_BYTES))
        else:
            for target in read_targets(name, model=options.model, jobs_only=jobs_only):
                if not isinstance(target, Media | JobUnreadable) and (options.mode or options.orientation):
                    raise click.UsageError("--mode and --orientation are not for job files, which say it themselves")
                yield target


def _given(image: str | None, video: str | None, prompt: str | None, options: Options) -> Iterator[Target]:
    """The job of ``--image`` and ``--video``, or the one of them as a file by itself."""
    for source in (image, video):
        if source is not None and not is_url(source):
            require_file(source)
    if image is not None and video is not None:
        from preflight.jobfiles import job_from_fields  # noqa: PLC0415 - the same

        yield job_from_fields(
            model=options.model,
            images=[image],
            videos=[video],
            orientation=options.orientation,
            mode=options.mode,
            prompt=prompt,
        )
    elif image is not None:
        yield Media(source=image, kind=Kind.IMAGE)
    elif video is not None:
        yield Media(source=video, kind=Kind.VIDEO)


def require_file(source: str) -> None:
    """Raise ``UsageError`` for a path on the command line that is no file."""
    try:
        found = Path(source).exists()
    except (OSError, ValueError):
        found = False
    if not found:
        raise click.UsageError(f"{redact(source)}: no such file; a URL begins with https://")
    if Path(source).is_dir():
        raise click.UsageError(f"{redact(source)}: a folder, not a file")
