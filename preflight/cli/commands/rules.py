"""``preflight rules``."""

from __future__ import annotations

import click

from preflight.cli.option_groups import PlainOutputOptions
from preflight.cli.report_output import emit_as
from preflight.cli.shared_options import plain_output_options
from preflight.render.setup_formats import RULES


@click.command("rules")
@plain_output_options(RULES)
def command(*, output: PlainOutputOptions) -> int:
    """List all rules: area, severity, and source.

    The source is a line of the API docs, a limit that similar services state (advisory), or preflight itself.
    'preflight explain RULE' tells more.

    \b
    preflight rules
    """
    emit_as(RULES, None, output)
    return 0
