"""``preflight settings``."""

from __future__ import annotations

import click

from preflight.cli.options.option_groups import PlainOutputOptions
from preflight.cli.options.settings_options import add_options, loaded_of
from preflight.cli.options.shared_options import plain_output_options
from preflight.render.setup_formats import SETTINGS


@click.command("settings")
@plain_output_options(SETTINGS)
def command(*, output: PlainOutputOptions) -> int:
    """Show all settings with their values and where these come from.

    The API key is not a setting. It comes from PREFLIGHT_API_KEY or from the file that --key-file names.

    \b
    preflight settings
    PREFLIGHT_MODE=1080p preflight settings --format json
    """
    from preflight.cli.printing.report_output import emit_as

    loaded = loaded_of(click.get_current_context())
    assert loaded is not None, "the options below load them"
    emit_as(SETTINGS, loaded, output)
    return 0


add_options(command)
