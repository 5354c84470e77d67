"""``preflight schema``."""

from __future__ import annotations

import click

from preflight.cli.options.completion import files
from preflight.cli.options.param_types import Choice
from preflight.cli.options.spec_options import model_option, spec_named, spec_option
from preflight.cli.printing.output import emit
from preflight.render.objects.json_text import to_json
from preflight.render.schema.shapes import SHAPES, schema_of
from preflight.settings.schema import settings_schema
from preflight.specs.schema import job_schema


@click.command("schema")
@click.argument("what", type=Choice(["job", "settings", *SHAPES]), default="job", metavar="[WHAT]")
@model_option
@spec_option
@click.option("--output", metavar="FILE", shell_complete=files, help="Write to this file instead of standard output.")
def command(*, what: str, model: str, output: str | None) -> int:
    """Print the JSON Schema of jobs or settings, for editors, or of the JSON that a command prints, for programs.

    WHAT is job (the default) or settings; what check, probe, estimate, submit, credits and diff print: report, facts,
    quote, submission, credits, diff; of other commands: fix, upload, ledger, calibration, rules, settings-values,
    doctor, request (submit --dry-run), baseline, sandbox; or of a run: run, row, summary, submissions.

    \b
    preflight schema --output job.schema.json
    preflight schema settings --output preflight.schema.json
    preflight schema report
    """
    if what == "settings":
        emit(to_json(settings_schema()), output)
    elif what in SHAPES:
        emit(to_json(schema_of(what)), output)
    else:
        emit(to_json(job_schema(spec_named(model))), output)
    return 0
