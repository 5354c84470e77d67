"""``preflight mcp``."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight import __version__
from preflight.cli.options.completion import files
from preflight.cli.options.option_groups import JobOptions, NetworkOptions, PaidOptions, VerdictOptions
from preflight.cli.options.param_types import Number, Seconds
from preflight.cli.options.service_options import paid_options
from preflight.cli.options.shared_options import engine_options, network_options
from preflight.cli.options.spec_options import model_option, spec_option
from preflight.cli.printing.guard import unguarded
from preflight.cli.printing.terminal import remark, verbose_option
from preflight.errors import MissingExtra

if TYPE_CHECKING:
    from preflight.model import Report
    from preflight.submit.proposal import Proposal


@click.command("mcp")
@click.option(
    "--root",
    "roots",
    type=click.Path(),
    multiple=True,
    metavar="FOLDER",
    envvar="PREFLIGHT_AGENT_ROOTS",
    shell_complete=files,
    help="Folder that the agent may read (repeatable; default: those that the client declares).",
)
@click.option(
    "--allow-write", is_flag=True, envvar="PREFLIGHT_AGENT_WRITE", help="Let the tool 'fix' write repaired files."
)
@click.option(
    "--agent-budget",
    type=Number(),
    metavar="N",
    envvar="PREFLIGHT_AGENT_BUDGET",
    help="Credits that the agent may spend without asking, until the server ends.",
)
@click.option(
    "--agent-budget-per-day",
    type=Number(),
    metavar="N",
    envvar="PREFLIGHT_AGENT_BUDGET_PER_DAY",
    help="The same for 24 hours, counting every payment in the ledger.",
)
@click.option(
    "--agent-budget-per-job",
    type=Number(),
    metavar="N",
    envvar="PREFLIGHT_AGENT_BUDGET_PER_JOB",
    help="The most for one job, beside one of the two budgets.",
)
@click.option(
    "--always-ask",
    is_flag=True,
    envvar="PREFLIGHT_AGENT_ALWAYS_ASK",
    help="Ask a person before every payment; the budget remains a limit.",
)
@click.option(
    "--quote-seconds",
    type=Seconds(0.1, 86400),
    metavar="SECONDS",
    default="600",
    show_default=True,
    help="How long a quote can be submitted.",
)
@click.option("--max-credits", type=Number(), metavar="N", help="Refuse every job that may cost more than this.")
@click.option(
    "--budget-per-day",
    type=Number(),
    metavar="N",
    envvar="PREFLIGHT_BUDGET_PER_DAY",
    help="Refuse every payment beyond this in 24 hours, also one that a person agrees to.",
)
@click.option("--strict", is_flag=True, help="Also refuse to submit on warnings.")
@spec_option
@model_option
@network_options
@paid_options
@verbose_option
def command(
    *,
    roots: tuple[str, ...],
    allow_write: bool,
    agent_budget: Decimal | None,
    agent_budget_per_day: Decimal | None,
    agent_budget_per_job: Decimal | None,
    always_ask: bool,
    quote_seconds: float,
    max_credits: Decimal | None,
    budget_per_day: Decimal | None,
    strict: bool,
    model: str,
    network: NetworkOptions,
    service: PaidOptions,
) -> int:
    """Serve agents over MCP, on standard input and output.

    An MCP client starts this command. Its tools check and price without cost. A payment needs a person, who is asked in
    the client, or a budget given here. No settings file is searched for: give one with --config. The tools know the
    models of --spec, of PREFLIGHT_SPECS and of packages; --model is that of jobs and files that name none.

    \b
    preflight mcp --root ~/clips
    preflight mcp --agent-budget 1000 --root media
    """
    try:
        from preflight.agents.mcp_server import serve  # an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types", "jsonschema", "anyio"}:
            raise
        raise MissingExtra("preflight mcp", "mcp") from error
    from preflight.agents.operator_orders import OperatorOrders, StandingOrder  # loads the ledger
    from preflight.agents.paying_tools import Service
    from preflight.cli.paying.service_session import open_client, open_ledger
    from preflight.ledger import Budget

    verdict = VerdictOptions(max_credits=max_credits, strict=strict)
    orders = OperatorOrders(
        options=engine_options(network=network, job=JobOptions(model=model), verdict=verdict, thorough=True),
        roots=tuple(map(_folder, roots)),
        may_write=allow_write,
        standing=StandingOrder(total=agent_budget, per_day=agent_budget_per_day, per_job=agent_budget_per_job),
        limits=Budget(max_credits=max_credits, per_day=budget_per_day),
        always_asks=always_ask,
        quote_seconds=quote_seconds,
    )
    service = PaidOptions(
        api_url=service.api_url, key_file=_at_home(service.key_file), ledger_path=_at_home(service.ledger_path)
    )
    paid = Service(
        api_url=service.api_url,
        open_client=partial(open_client, service),
        open_ledger=partial(open_ledger, service.ledger_path),
        show=_shown,
    )
    if sys.stdin.isatty():
        remark("waiting for an MCP client on standard input; a client starts this command by itself (docs/mcp.md)")
    guard, sys.stdout = sys.stdout, unguarded(sys.stdout)  # messages are JSON, which holds no control characters
    try:
        serve(orders, paid, version=__version__)
    finally:
        sys.stdout = guard
    return 0


def _at_home(name: str | None) -> str | None:
    """A path whose ``~`` is replaced: a client starts the command without a shell, which would have done that."""
    return None if name is None else str(Path(name).expanduser())


def _folder(name: str) -> Path:
    """A root."""
    folder = Path(_at_home(name) or "")
    if not name.strip() or not folder.is_dir():
        raise click.BadParameter(f"{name!r} is not a folder", param_hint="--root")
    return folder


def _shown(report: Report, proposal: Proposal) -> str:
    from preflight.cli.printing.report_output import surroundings  # loads what a report needs
    from preflight.render.formats import REPORT
    from preflight.render.payments.about_to_pay import render_proposal  # loads rich

    around = surroundings("-")
    return REPORT["text"](report, around) + around.lay_out(partial(render_proposal, proposal))
