"""``preflight credits``."""

from __future__ import annotations

import click

from preflight.cli.option_groups import PlainOutputOptions
from preflight.cli.report_output import emit_as
from preflight.cli.service_options import api_url_option, key_file_option, open_client
from preflight.cli.shared_options import plain_output_options
from preflight.cli.terminal import verbose_option
from preflight.render.formats import CREDITS


@click.command("credits")
@api_url_option
@key_file_option
@plain_output_options(CREDITS)
@verbose_option
def command(*, api_url: str, key_file: str | None, output: PlainOutputOptions) -> int:
    """Show the balance of the account.

    \b
    preflight credits
    """
    with open_client(api_url, key_file) as client:
        account = client.credits()
    emit_as(CREDITS, account, output)
    return 0
