"""``preflight rules``."""

from __future__ import annotations

import click

from preflight.cli.option_groups import PlainOutputOptions
from preflight.cli.report_output import emit_as
from preflight.cli.shared_options import plain_output_options
from preflight.render.formats import RULES


@click.command("rules")
@plain_output_options(RULES)
def command(*, output: PlainOutputOptions) -> int:
    """List every rule: its area, its severity, and who asks for it.

    The service's API page asks, line by line; services of the same family do (advisory), or preflight does by itself.
    'preflight explain RULE' says more.

    \b
    preflight rules
    """
    emit_as(RULES, None, output)
    return 0
