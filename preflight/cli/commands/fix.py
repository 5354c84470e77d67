"""``preflight fix``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.option_groups import OutputOptions
from preflight.cli.output import require_writable
from preflight.cli.param_types import Choice
from preflight.cli.report_output import emit_as
from preflight.cli.shared_options import output_options
from preflight.cli.terminal import progress
from preflight.fix.fixer import Fixer, FixOptions
from preflight.fix.inputs import read_inputs
from preflight.fix.outcome import FixState, Outcome
from preflight.model import Severity
from preflight.model.target import is_url
from preflight.redact import redact, shown_path
from preflight.render.formats import OUTCOMES
from preflight.specs import DEFAULT_MODEL, load_spec, model_names


@click.command("fix")
@click.argument("names", nargs=-1, required=True, metavar="FILE|FOLDER|JOB|MANIFEST...")
@click.option("--diff", "dry", is_flag=True, help="Show the repairs without writing anything.")
@click.option("--unsafe", is_flag=True, help="Also make repairs that change the picture: crop, scale, loop, re-encode.")
@click.option("--in-place", is_flag=True, help="Replace the original if its suffix fits the result.")
@click.option("--force", is_flag=True, help="Overwrite an existing file that has the result's name.")
@click.option("--strict", is_flag=True, help="Keep a result only if it has no warnings either.")
@click.option(
    "--orientation",
    type=Choice(load_spec().field("orientation").choices),
    help="Orientation that limits the length of clips without a job.",
)
@click.option("--model", type=Choice(model_names()), default=DEFAULT_MODEL, show_default=True, help="Service model.")
@output_options(OUTCOMES)
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
    output: OutputOptions,
) -> int:
    """Repair local files.

    Safe repairs are written next to the original, and only if the result passes its check. --unsafe also makes
    repairs that change the picture.

    \b
    preflight fix dance.mkv character.webp
    preflight fix job.yaml --diff
    """
    for name in names:
        if not name.strip():  # an unset variable must not mean the current folder
            raise click.UsageError("a name is empty; for the current folder, write .")
        if is_url(name):
            raise click.UsageError(f"{redact(name)}: only local files can be repaired: download it and fix the copy")
    require_writable(output.file)
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
        with progress("repairing", hidden=output.hidden) as update, Fixer(options) as fixer:
            for given in read_inputs(names, model=model, orientation=orientation):
                update(f"repairing {shown_path(given.source)}")
                outcomes.append(fixer.fix(given))
    except KeyboardInterrupt:
        if outcomes:  # the user must know which files were written
            emit_as(OUTCOMES, outcomes, output)
        raise
    if not outcomes:
        raise click.UsageError("nothing to fix: no media file found")
    emit_as(OUTCOMES, outcomes, output)
    return exit_of(outcomes)


def exit_of(outcomes: Sequence[Outcome]) -> Exit:
    """A missing extra first, then findings that remain or would go, then indeterminate files."""
    if any(outcome.extra is not None for outcome in outcomes):
        return Exit.USAGE
    if any(outcome.state in (FixState.UNREPAIRED, FixState.PLANNED) for outcome in outcomes):
        return Exit.FAIL
    if any(outcome.state is FixState.UNEXAMINED for outcome in outcomes):
        return Exit.INDETERMINATE
    return Exit.PASS
