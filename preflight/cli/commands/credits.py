"""``preflight credits``."""

from __future__ import annotations

import click

from preflight.cli.completion import files
from preflight.cli.output import emit, to_json
from preflight.cli.service_options import api_url_option, key_file_option, open_client
from preflight.cli.terminal import verbose_option
from preflight.render.json_objects import credits_object


@click.command("credits")
@api_url_option
@key_file_option
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="How to say it.")
@click.option("--output", metavar="FILE", shell_complete=files, help="Write to a file instead of standard output.")
@verbose_option
def command(*, api_url: str, key_file: str | None, format_: str, output: str | None) -> int:
    """Say how many credits the account has.

    \b
    preflight credits
    """
    with open_client(api_url, key_file) as client:
        account = client.credits()
    text = to_json(credits_object(account)) if format_ == "json" else f"{account.balance:f} credits\n"
    emit(text, output)
    return 0
