"""``preflight rules``."""

from __future__ import annotations

import click

from preflight.cli.options.option_groups import PlainOutputOptions
from preflight.cli.options.shared_options import plain_output_options
from preflight.cli.options.spec_options import ModelName, named_model, spec_named, spec_option
from preflight.render.setup_formats import RULES


@click.command("rules")
@click.option("--model", type=ModelName(), help="Show the limits and prices of this service model.")
@spec_option
@plain_output_options(RULES)
def command(*, model: str | None, output: PlainOutputOptions) -> int:
    """List all rules: area, severity, and source.

    The source is a line of the API docs, a limit that similar services state (advisory), or preflight itself.
    'preflight explain RULE' tells more. With --model or --spec, show the fields, limits and prices of a model,
    each with its source.

    \b
    preflight rules
    preflight rules --model kling-v3-motion-control
    """
    from preflight.cli.printing.report_output import emit_as

    model = model or named_model()
    emit_as(RULES, None if model is None else spec_named(model), output)
    return 0
