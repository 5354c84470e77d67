"""``preflight fix``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.options.option_groups import OutputOptions
from preflight.cli.options.param_types import Choice, Number
from preflight.cli.options.shared_options import output_options
from preflight.cli.options.spec_options import (
    RoleChoice,
    known_specs,
    model_option,
    require_choices,
    spec_named,
    spec_option,
)
from preflight.cli.printing.output import require_writable
from preflight.cli.printing.terminal import progress
from preflight.fix.plan import NOTES
from preflight.model import Severity
from preflight.model.target import is_url
from preflight.pricing import show_seconds
from preflight.redact import redact, shown_path
from preflight.render.formats import OUTCOMES

if TYPE_CHECKING:
    from preflight.fix.inputs import FixInput
    from preflight.fix.outcome import Outcome
    from preflight.fix.window import Window


@click.command("fix")
@click.argument("names", nargs=-1, required=True, metavar="FILE|FOLDER|JOB|MANIFEST...")
@click.option("--diff", "dry", is_flag=True, help="Show the repairs without writing anything.")
@click.option("--unsafe", is_flag=True, help="Also make repairs that change the picture: crop, scale, loop, re-encode.")
@click.option("--in-place", is_flag=True, help="Replace the original if its suffix fits the result.")
@click.option("--force", is_flag=True, help="Overwrite an existing file that has the result's name.")
@click.option("--strict", is_flag=True, help="Keep a result only if it has no warnings either.")
@click.option(
    "--orientation",
    type=RoleChoice("orientation"),
    help="Orientation that limits the length of clips without a job.",
)
@model_option
@spec_option
@click.option(
    "--mode",
    type=RoleChoice("mode"),
    help="Mode in which --max-credits counts clips without a job.",
)
@click.option("--start", type=Number(), metavar="SECONDS", help="Keep the part of each clip that begins here.")
@click.option("--length", type=Number(), metavar="SECONDS", help="How long the part is; by default as long as allowed.")
@click.option("--end", type=Number(), metavar="SECONDS", help="Where the part ends, instead of --length.")
@click.option(
    "--max-credits",
    type=Number(),
    metavar="N",
    help="Keep the longest part that costs at most N, at the high end of its price.",
)
@click.option(
    "--exact", is_flag=True, help="Cut at the exact frame, which needs re-encoding. Without it, cut at a key frame."
)
@click.option(
    "--also",
    type=Choice(NOTES),
    multiple=True,
    metavar="RULE",
    help=f"Also repair findings of this rule, which is a note: {', '.join(NOTES)} (repeatable).",
)
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
    mode: str | None,
    start: Decimal | None,
    length: Decimal | None,
    end: Decimal | None,
    max_credits: Decimal | None,
    exact: bool,
    also: tuple[str, ...],
    output: OutputOptions,
) -> int:
    """Repair local files.

    Safe repairs are written next to the original, and only if the result passes its check. --unsafe also makes
    repairs that change the picture. Of a job, a copy is written that names the repaired files.

    \b
    preflight fix dance.mkv character.webp
    preflight fix job.yaml --diff
    preflight fix dance.mp4 --start 4.2 --length 10
    """
    from preflight.cli.printing.report_output import emit_as
    from preflight.fix.fixer import Fixer, FixOptions
    from preflight.fix.inputs import read_inputs
    from preflight.fix.job_copy import copy_jobs

    for name in names:
        if not name.strip():  # an unset variable must not mean the current folder
            raise click.UsageError("a name is empty; for the current folder, write .")
        if is_url(name):
            raise click.UsageError(f"{redact(name)}: only local files can be repaired: download it and fix the copy")
    specs = known_specs()
    require_choices(model, mode=mode, orientation=orientation)
    window = _window(start, length, end, max_credits, exact=exact, model=model)
    require_writable(output.file)
    options = FixOptions(
        unsafe=unsafe,
        in_place=in_place,
        force=force,
        dry=dry,
        model=model,
        mode=mode,
        also=frozenset(also),
        window=window,
        fail_on=Severity.WARNING if strict else Severity.ERROR,
        spec=specs,
    )
    inputs: list[FixInput] = []
    outcomes: list[Outcome] = []
    try:
        with progress("repairing", hidden=output.hidden) as update, Fixer(options) as fixer:
            for given in read_inputs(names, model=model, orientation=orientation, specs=specs):
                update(f"repairing {shown_path(given.source)}")
                outcomes.append(fixer.fix(given))
                inputs.append(given)
            outcomes += copy_jobs(inputs, outcomes, model=model, force=force, dry=dry, specs=specs)
    except KeyboardInterrupt:
        if outcomes:  # the user must know which files were written
            emit_as(OUTCOMES, outcomes, output)
        raise
    if not outcomes:
        raise click.UsageError("nothing to fix: no media file found")
    emit_as(OUTCOMES, outcomes, output)
    return exit_of(outcomes)


def _window(
    start: Decimal | None,
    length: Decimal | None,
    end: Decimal | None,
    max_credits: Decimal | None,
    *,
    exact: bool,
    model: str,
) -> Window | None:
    """The part of each clip that the options choose; ``None`` without them. Raises ``UsageError``."""
    from preflight.fix.window import Window

    if length is not None and end is not None:
        raise click.UsageError("--length and --end both say where the part ends: give one of them")
    if start is None and length is None and end is None and max_credits is None:
        if exact:
            raise click.UsageError("--exact needs the part to cut: --start, --length, --end or --max-credits")
        return None
    begin = Fraction(start or 0)
    if end is not None and Fraction(end) <= begin:
        raise click.UsageError(f"--end {end:f} does not come after --start {start or 0:f}")
    wanted = Fraction(end) - begin if end is not None else None if length is None else Fraction(length)
    video = spec_named(model).video
    least, most = video.min_seconds.value, video.max_seconds.value
    if wanted is not None and not least <= wanted <= most:
        raise click.UsageError(
            f"the part would last {show_seconds(wanted)}; "
            f"the service takes {show_seconds(least)} to {show_seconds(most)}"
        )
    return Window(start=begin, length=wanted, max_credits=max_credits, exact=exact)


def exit_of(outcomes: Sequence[Outcome]) -> Exit:
    """A missing extra first, then findings that remain or would go, then indeterminate files."""
    from preflight.fix.outcome import FixState

    if any(outcome.extra is not None for outcome in outcomes):
        return Exit.USAGE
    if any(outcome.state in (FixState.UNREPAIRED, FixState.PLANNED) for outcome in outcomes):
        return Exit.FAIL
    if any(outcome.state is FixState.UNEXAMINED for outcome in outcomes):
        return Exit.INDETERMINATE
    return Exit.PASS
