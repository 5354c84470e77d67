"""``preflight fix``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.output import emit, require_writable, to_json, to_json_lines
from preflight.cli.shared_options import output_options
from preflight.cli.terminal import progress
from preflight.fix.fixer import Fixer, FixOptions
from preflight.fix.inputs import read_inputs
from preflight.fix.outcome import FixState, Outcome
from preflight.model import Severity
from preflight.model.target import is_url
from preflight.redact import redact, shown_path
from preflight.render.fixes import fix_object, outcome_object, render_outcomes
from preflight.specs import DEFAULT_MODEL, load_spec, model_names


@click.command("fix")
@click.argument("names", nargs=-1, required=True, metavar="FILE|FOLDER|JOB|MANIFEST...")
@click.option("--diff", "dry", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--unsafe", is_flag=True, help="Do what changes the picture, too: crop, scale, repeat, encode again.")
@click.option("--in-place", is_flag=True, help="Replace the file, where its name fits what it becomes.")
@click.option("--force", is_flag=True, help="Replace another file that has the name of the repaired one.")
@click.option("--strict", is_flag=True, help="Keep only what is free of warnings, too.")
@click.option(
    "--orientation",
    type=click.Choice(load_spec().field("orientation").choices),
    help="Whose cap a clip that no job names is held to.",
)
@click.option("--model", type=click.Choice(model_names()), default=DEFAULT_MODEL, show_default=True, help="The model.")
@output_options("text", "json", "jsonl")
def command(
    *,
    names: tuple[str, ...],
    dry: bool,
    unsafe: bool,
    in_place: bool,
    force: bool,
    strict: bool,
    orientation: str | None,
    model: str,
    format_: str,
    output: str | None,
    quiet: bool,
    no_progress: bool,
) -> int:
    """Repair local files: what leaves no doubt, and with --unsafe the rest.

    \b
    preflight fix dance.mkv character.webp
    preflight fix job.yaml --diff
    """
    for name in names:
        if not name.strip():  # a variable that is not set must not come to mean the current folder
            raise click.UsageError("an empty name; the current folder is named by a dot")
        if is_url(name):
            raise click.UsageError(f"{redact(name)}: only local files are repaired; download it, and fix the copy")
    require_writable(output)
    options = FixOptions(
        unsafe=unsafe,
        in_place=in_place,
        force=force,
        dry=dry,
        model=model,
        fail_on=Severity.WARNING if strict else Severity.ERROR,
    )
    outcomes: list[Outcome] = []
    try:
        with progress("repairing", hidden=quiet or no_progress) as update, Fixer(options) as fixer:
            for given in read_inputs(names, model=model, orientation=orientation):
                update(f"repairing {shown_path(given.source)}")
                outcomes.append(fixer.fix(given))
    except KeyboardInterrupt:
        if outcomes and not quiet:  # what was written is there, and must be known
            emit(as_text(outcomes, format_), output)
        raise
    if not outcomes:
        raise click.UsageError("nothing to fix: no media file there")
    if not quiet:
        emit(as_text(outcomes, format_), output)
    return exit_of(outcomes)


def as_text(outcomes: Sequence[Outcome], format_: str) -> str:
    """Outcomes in one of the formats."""
    match format_:
        case "json":
            return to_json(fix_object(outcomes))
        case "jsonl":
            return to_json_lines([outcome_object(outcome) for outcome in outcomes])
        case _:
            return "".join(f"{line}\n" for line in render_outcomes(outcomes))


def exit_of(outcomes: Sequence[Outcome]) -> Exit:
    """A part that is not installed, then findings that remain or would go, then what could not be examined."""
    if any(outcome.extra is not None for outcome in outcomes):
        return Exit.USAGE
    if any(outcome.state in (FixState.UNREPAIRED, FixState.PLANNED) for outcome in outcomes):
        return Exit.FAIL
    if any(outcome.state is FixState.UNEXAMINED for outcome in outcomes):
        return Exit.INDETERMINATE
    return Exit.PASS
