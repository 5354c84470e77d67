"""``preflight credits``."""

from __future__ import annotations

import click

from preflight.cli.options.option_groups import PlainOutputOptions, ServiceOptions
from preflight.cli.options.service_options import service_options
from preflight.cli.options.shared_options import plain_output_options
from preflight.cli.printing.terminal import verbose_option
from preflight.render.formats import CREDITS


@click.command("credits")
@service_options
@plain_output_options(CREDITS)
@verbose_option
def command(*, service: ServiceOptions, output: PlainOutputOptions) -> int:
    """Show the balance of the account.

    \b
    preflight credits
    """
    from preflight.cli.paying.service_session import open_client
    from preflight.cli.printing.report_output import emit_as

    with open_client(service) as client:
        account = client.credits()
    emit_as(CREDITS, account, output)
    return 0
