"""Options of a run on disk, and of how hosts are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import MannerOptions, RunOptions, grouped
from preflight.cli.options.param_types import Choice, RealNumber, WholeNumber
from preflight.lazy import pattern
from preflight.runs.limits import MOST_ROWS_A_PART, ROWS_A_PART

if TYPE_CHECKING:
    from preflight.sources.manners import Manners

_MOST_WORKERS = 4096
_RUN_PATIENCE = 8
"""How often a request of a run is sent again after a 429 or 503: over a minute and a half."""
_USER_AGENT = pattern(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")


class UserAgent(click.ParamType[str]):
    """A value of the User-Agent field: printable ASCII."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _USER_AGENT.fullmatch(str(value)):
            self.fail("at most 200 printable ASCII characters, such as 'studio (ops@example.com)'", param, ctx)
        return str(value)


manner_options = grouped(
    "manner",
    MannerOptions,
    click.option(
        "--concurrency", type=WholeNumber(1, 1024), default=32, show_default=True, metavar="N",
        help="URLs read at the same time.",
    ),
    click.option(
        "--per-host", type=WholeNumber(1, 1024), default=8, show_default=True, metavar="N",
        help="Connections to one host at the same time.",
    ),
    click.option(
        "--host-rate", type=RealNumber(0.001, 100_000), metavar="R", help="Most requests per second to one host.",
    ),
    click.option("--user-agent", type=UserAgent(), metavar="TEXT", help="User-Agent to send, with your contact."),
)  # fmt: skip

run_options = grouped(
    "run",
    RunOptions,
    click.option(
        "--to", metavar="RUN", shell_complete=files,
        help="Write the results of a manifest into this folder, part by part; the same command again continues.",
    ),
    click.option(
        "--workers", type=WholeNumber(1, _MOST_WORKERS), metavar="N",
        help="With --to: processes that check (default: one per processor; at most --per-host).",
    ),
    click.option(
        "--part-rows", type=WholeNumber(1, MOST_ROWS_A_PART), metavar="N",
        help=f"With --to: rows of one part (default: {ROWS_A_PART}).",
    ),
    click.option(
        "--results", type=Choice(["jsonl", "parquet"]), default="jsonl", show_default=True,
        help="With --to: file format of the parts.",
    ),
    click.option(
        "--retry", type=Choice(["indeterminate", "fail"]),
        help="With --to: check the rows with this verdict again.",
    ),
    click.option(
        "--engine", type=Choice(["local", "ray"]), default="local", show_default=True,
        help="With --to: processes on this machine, or a Ray cluster.",
    ),
    click.option("--address", metavar="ADDRESS", help="With --engine ray: address of an existing cluster."),
)  # fmt: skip


def manners_of(given: MannerOptions, *, is_run: bool) -> Manners:
    """The manners that the options ask for."""
    from preflight.sources.manners import USER_AGENT, Manners  # most checks read no URL

    return Manners(
        concurrency=given.concurrency,
        per_host=given.per_host,
        host_rate=given.host_rate,
        patience=_RUN_PATIENCE if is_run else 0,
        user_agent=given.user_agent or USER_AGENT,
    )


def require_run(run: RunOptions) -> None:
    """Raise ``UsageError`` for options that only a run has, where there is none."""
    context = click.get_current_context()
    for name in ("workers", "part_rows", "results", "retry", "engine", "address"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE and run.to is None:
            raise click.UsageError(f"--{name.replace('_', '-')} needs --to RUN, the folder of the run")
    if run.address is not None and run.engine != "ray":
        raise click.UsageError("--address is of --engine ray")
