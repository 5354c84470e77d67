"""``preflight schema``."""

from __future__ import annotations

import click

from preflight.cli.completion import files
from preflight.cli.output import emit, to_json
from preflight.specs import DEFAULT_MODEL, load_spec, model_names
from preflight.specs.schema import job_schema


@click.command("schema")
@click.option("--model", type=click.Choice(model_names()), default=DEFAULT_MODEL, show_default=True, help="The model.")
@click.option("--output", metavar="FILE", shell_complete=files, help="Write to a file instead of standard output.")
def command(*, model: str, output: str | None) -> int:
    """Print the JSON Schema of a job, for editors.

    \b
    preflight schema --output job.schema.json
    """
    emit(to_json(job_schema(load_spec(model))), output)
    return 0
