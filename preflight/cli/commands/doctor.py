"""``preflight doctor``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from preflight.cli.options.option_groups import PlainOutputOptions
from preflight.cli.options.param_types import Seconds
from preflight.cli.options.service_options import key_file_option
from preflight.cli.options.shared_options import default_ledger, plain_output_options
from preflight.cli.paying.key_file import read_key_file
from preflight.cli.printing.terminal import verbose_option
from preflight.render.setup_formats import CHECKS
from preflight.specs import load_spec


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Do not contact the API.")
@click.option(
    "--timeout",
    "seconds",
    type=Seconds(0.1, 600),
    default=10.0,
    metavar="SECONDS",
    help="Time limit for all checks together.",
)
@click.option(
    "--api-url",
    metavar="URL",
    envvar="PREFLIGHT_API_URL",
    default=load_spec().base_url,
    show_default=True,
    help="Base URL of the API.",
)
@key_file_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON (same as --format json).")
@plain_output_options(CHECKS)
@verbose_option
def command(
    *,
    offline: bool,
    seconds: float,
    api_url: str,
    key_file: str | None,
    as_json: bool,
    output: PlainOutputOptions,
) -> int:
    """Check the installation and say how to fix it.

    Exit codes: 0, everything that is needed works; 1, something does not; 3, something is indeterminate, for example
    because the API cannot be reached.

    \b
    preflight doctor
    preflight doctor --offline --json
    """
    from preflight.cli.outcomes import OF_VERDICT
    from preflight.cli.printing.report_output import emit_as
    from preflight.doctor import Surroundings, examine, verdict

    checks = examine(
        Surroundings(
            environment=os.environ,
            find_key=partial(_key_text, key_file, os.environ),
            find_ledger=partial(_ledger_path, os.environ),
            api_url=api_url,
            offline=offline,
            seconds=seconds,
        )
    )
    emit_as(CHECKS, checks, replace(output, format="json") if as_json else output)
    return OF_VERDICT[verdict(checks)]


def _key_text(key_file: str | None, environment: Mapping[str, str]) -> str | None:
    return environment.get("PREFLIGHT_API_KEY") if key_file is None else read_key_file(key_file)


def _ledger_path(environment: Mapping[str, str]) -> Path:
    given = environment.get("PREFLIGHT_LEDGER")
    return Path(given) if given else default_ledger()
