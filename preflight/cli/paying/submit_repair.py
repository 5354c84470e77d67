"""Repairs the local files of a job before they are checked and uploaded, as ``preflight fix`` does."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from preflight.checking.named_media import choice_of, named_media, spec_of
from preflight.cli.options.spec_options import known_specs
from preflight.cli.paying.submit_source import say_outcomes
from preflight.cli.printing.terminal import progress
from preflight.errors import ConfigurationError
from preflight.fix.fixer import Fixer, FixOptions
from preflight.fix.inputs import FixInput
from preflight.fix.outcome import FixState
from preflight.fix.window import Window
from preflight.model import Job
from preflight.redact import shown_path
from preflight.specs import DEFAULT_MODEL
from preflight.upload.job_media import local_paths, with_values


def repaired(job: Job, *, max_credits: Decimal | None, hidden: bool, quiet: bool) -> Job:
    """``job`` with the repaired files in place of those that needed it.

    Raises ``ConfigurationError`` where a library for it is missing. What cannot be repaired is left to the check.
    """
    specs = known_specs()
    spec = spec_of(job, DEFAULT_MODEL, specs)
    orientation = choice_of(job, spec, "orientation", None)
    kinds = {media.field: media.kind for media in named_media(job, spec)}
    window = None if max_credits is None else Window(max_credits=max_credits)
    options = FixOptions(
        model=spec.model,
        mode=choice_of(job, spec, "mode", None),
        window=window,
        spec=specs,
        if_taken="name it in place of the original, or move it away",
    )
    outcomes, values = [], {}
    with progress("repairing", hidden=hidden) as update, Fixer(options) as fixer:
        for field, path in local_paths(job, specs).items():
            update(f"repairing {shown_path(str(path))}")
            outcome = fixer.fix(FixInput(source=str(path), file=path, orientation=orientation, kind=kinds[field]))
            if outcome.extra is not None:
                raise ConfigurationError(outcome.reason or "a library for --fix is missing")
            outcomes.append(outcome)
            if outcome.state in (FixState.FIXED, FixState.REPAIRED) and outcome.target is not None:
                values[field] = str(Path(str(job.value(field))).with_name(Path(outcome.target).name))
    if not quiet:
        say_outcomes([outcome for outcome in outcomes if outcome.state is not FixState.SOUND])
    return with_values(job, values)
