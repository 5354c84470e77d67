"""Options of the commands that call the service: key, address, ledger, budget."""

from __future__ import annotations

import click

from preflight.cli.options.completion import files, folders
from preflight.cli.options.option_groups import PaidOptions, ServiceOptions, grouped
from preflight.cli.options.param_types import Number, Seconds
from preflight.client.auth import DEFAULT_BASE_URL

_API_URL = click.option(
    "--api-url",
    metavar="URL",
    default=DEFAULT_BASE_URL,
    show_default=True,
    help="Base URL of the API.",
)
key_file_option = click.option(
    "--key-file",
    metavar="FILE",
    shell_complete=files,
    envvar="PREFLIGHT_API_KEY_FILE",
    help="File that holds the API key (default: the key itself in PREFLIGHT_API_KEY).",
)
ledger_option = click.option(
    "--ledger",
    "ledger_path",
    metavar="FILE",
    envvar="PREFLIGHT_LEDGER",
    help="Ledger file (default: in the user's data folder).",
)
service_options = grouped("service", ServiceOptions, _API_URL, key_file_option)
paid_options = grouped("service", PaidOptions, _API_URL, key_file_option, ledger_option)

max_credits_option = click.option(
    "--max-credits",
    type=Number(),
    metavar="N",
    help="Do not submit if this job, with all pending and unknown ones, may cost more.",
)
budget_per_day_option = click.option(
    "--budget-per-day",
    type=Number(),
    metavar="N",
    envvar="PREFLIGHT_BUDGET_PER_DAY",
    help="The same limit, including the cost of the last 24 hours.",
)
wait_timeout_option = click.option(
    "--wait-timeout", type=Seconds(0, 10**7), metavar="SECONDS", help="Stop waiting after this time."
)
download_option = click.option(
    "--download",
    metavar="FOLDER",
    shell_complete=folders,
    help="Wait for the task and save its results in this folder.",
)
