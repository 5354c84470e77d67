"""``preflight doctor``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.completion import files
from preflight.cli.exit_codes import OF_VERDICT
from preflight.cli.output import emit, to_json, to_text
from preflight.cli.shared_options import Seconds, default_ledger
from preflight.cli.terminal import verbose_option
from preflight.doctor import Check, State, Surroundings, examine, verdict
from preflight.errors import ConfigurationError
from preflight.model import Verdict
from preflight.redact import printable
from preflight.specs import load_spec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_KEY_FILE_BYTES = 4096
_STYLES = {
    State.OK: "green",
    State.NOTE: "blue",
    State.MISSING: "yellow",
    State.SKIPPED: "dim",
    State.UNKNOWN: "bold yellow",
    State.FAIL: "bold red",
}


# The options of the other commands stand where httpx is loaded, and that may be what does not work.
@click.command("doctor")
@click.option("--offline", is_flag=True, help="Do not ask the service.")
@click.option("--timeout", "seconds", type=Seconds(0.1, 600), default=10.0, metavar="SECONDS", help="For all of it.")
@click.option(
    "--api-url",
    metavar="URL",
    envvar="PREFLIGHT_API_URL",
    default=load_spec().base_url,
    show_default=True,
    help="Where the service is.",
)
@click.option(
    "--key-file", metavar="FILE", shell_complete=files, envvar="PREFLIGHT_API_KEY_FILE", help="A file with the API key."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the same as --format json.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="How to say it.")
@click.option("--output", metavar="FILE", shell_complete=files, help="Write to a file instead of standard output.")
@verbose_option
def command(
    *,
    offline: bool,
    seconds: float,
    api_url: str,
    key_file: str | None,
    as_json: bool,
    format_: str,
    output: str | None,
) -> int:
    """Try whether everything works here, and say what to do where it does not.

    Exit code 0: what is needed works. 1: something does not. 3: something could not be found out, such as whether the
    service can be reached.

    \b
    preflight doctor
    preflight doctor --offline --json
    """
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
    emit(_as_json(checks) if as_json or format_ == "json" else to_text(partial(_render, checks), output), output)
    return OF_VERDICT[verdict(checks)]


def _key_text(key_file: str | None, environment: Mapping[str, str]) -> str | None:
    if key_file is None:
        return environment.get("PREFLIGHT_API_KEY")
    try:
        with Path(key_file).open(encoding="ascii", errors="replace") as file:
            return file.read(_KEY_FILE_BYTES).removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise ConfigurationError(f"cannot read the key file {key_file}: {error.strerror}") from error


def _ledger_path(environment: Mapping[str, str]) -> Path:
    given = environment.get("PREFLIGHT_LEDGER")
    return Path(given) if given else default_ledger()


def _as_json(checks: Sequence[Check]) -> str:
    rows = [
        {"check": check.name, "state": check.state.value, "found": check.found, "fix": check.fix} for check in checks
    ]
    return to_json({"schema": "preflight.doctor/v1", "verdict": verdict(checks).value, "checks": rows})


def _render(checks: Sequence[Check], console: Console) -> None:
    from rich.table import Table  # noqa: PLC0415 - only for text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for row in _rows(checks):
        table.add_row(*row)
    console.print(table)
    console.print(f"\n{_CONCLUSIONS[verdict(checks)]}")


def _rows(checks: Sequence[Check]) -> Iterator[tuple[Text, Text, Text]]:
    from rich.text import Text  # noqa: PLC0415 - only for text

    for check in checks:
        found = Text(printable(check.found))
        if check.fix is not None and check.state is not State.OK:
            found.append("\nto do: ", style="dim").append(printable(check.fix), style="cyan")
        yield Text(check.state.value, style=_STYLES[check.state]), Text(check.name), found


_CONCLUSIONS = {
    Verdict.PASS: "Everything that is needed works.",
    Verdict.FAIL: "Something that is needed does not work.",
    Verdict.INDETERMINATE: "Something could not be found out.",
}
