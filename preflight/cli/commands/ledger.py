"""``preflight ledger``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.options.option_groups import OutputOptions, PaidOptions
from preflight.cli.options.param_types import Choice, Since, WholeNumber
from preflight.cli.options.service_options import ledger_option, paid_options
from preflight.cli.options.shared_options import output_options
from preflight.cli.options.spec_options import known_specs, spec_option
from preflight.cli.printing.terminal import remark
from preflight.errors import ApiError, TaskNotFound
from preflight.ledger.groups import GROUPS
from preflight.model.shell_argument import as_argument
from preflight.render.formats import CALIBRATION, ENTRY, LISTING

if TYPE_CHECKING:
    from datetime import datetime

    from preflight.client import Client
    from preflight.ledger import Entry, Ledger

_STATES = ("intended", "sent", "accepted", "completed", "failed", "refused", "unknown")


@click.group("ledger")
def command() -> None:
    """Show what was submitted and paid, and settle unknown outcomes.

    \b
    preflight ledger list
    preflight ledger show 3
    preflight ledger resolve 3
    """


@command.command("list")
@click.option(
    "--state",
    "states",
    type=Choice(_STATES),
    multiple=True,
    metavar="STATE",
    help=f"Only entries in this state (repeatable): {', '.join(_STATES)}.",
)
@click.option(
    "--limit", type=WholeNumber(1, 10**6), default=50, show_default=True, help="Show at most this many entries."
)
@click.option(
    "--since", type=Since(), metavar="WHEN", help="Only entries since 2026-11-01 (UTC), or of the last 7d or 24h."
)
@click.option("--by", type=Choice(list(GROUPS)), help="Show the sums for each of these instead of the entries.")
@ledger_option
@output_options(LISTING)
def list_entries(
    *,
    states: tuple[str, ...],
    limit: int,
    since: datetime | None,
    by: str | None,
    ledger_path: str | None,
    output: OutputOptions,
) -> int:
    """List submissions, newest first.

    \b
    preflight ledger list
    preflight ledger list --state unknown --format json
    preflight ledger list --since 30d --by day --format csv
    """
    from preflight.cli.paying.service_session import ledger_to_read
    from preflight.cli.printing.report_output import emit_as
    from preflight.ledger import EntryState
    from preflight.ledger.sums import add_up
    from preflight.render.payments.ledger_list import Listing  # loads rich

    wanted = [EntryState(state) for state in states]
    with ledger_to_read(ledger_path) as ledger:
        ledger.mark_abandoned()
        entries = ledger.entries(states=wanted, since=since, limit=limit)
        sums = add_up(ledger, states=wanted, since=since, by=by)
    emit_as(LISTING, Listing(entries=entries, sums=sums), output)
    return Exit.PASS


@command.command("show")
@click.argument("entry_id", metavar="ENTRY", type=WholeNumber(1))
@ledger_option
@output_options(ENTRY)
def show(*, entry_id: int, ledger_path: str | None, output: OutputOptions) -> int:
    """Show everything about one submission.

    \b
    preflight ledger show 3
    """
    from preflight.cli.paying.service_session import open_ledger, require_ledger
    from preflight.cli.printing.report_output import emit_as

    require_ledger(ledger_path)
    with open_ledger(ledger_path) as ledger:
        ledger.mark_abandoned()
        entry = ledger.entry(entry_id)
    emit_as(ENTRY, [entry], output)
    return Exit.PASS


@command.command("resolve")
@click.argument("entry_id", metavar="ENTRY", type=WholeNumber(1))
@click.option(
    "--task", "task_id", metavar="ID", help="The submission was accepted as this task; the API is asked about it."
)
@click.option("--not-charged", is_flag=True, help="You have made sure that nothing was charged.")
@paid_options
@output_options(ENTRY)
def resolve(
    *,
    entry_id: int,
    task_id: str | None,
    not_charged: bool,
    service: PaidOptions,
    output: OutputOptions,
) -> int:
    """Settle a submission whose outcome is unknown.

    Without an option, preflight asks for the balance. The balance helps only if nothing else ran since the request.
    Exit code 6 means that the outcome is still unknown.

    \b
    preflight ledger resolve 3
    preflight ledger resolve 3 --task TASK_ID
    preflight ledger resolve 3 --not-charged
    """
    from preflight.cli.paying.service_session import open_client, open_ledger, require_ledger
    from preflight.cli.printing.report_output import emit_as
    from preflight.ledger import EntryState
    from preflight.submit.settle import resolve_as_not_charged, resolve_by_task

    if task_id and not_charged:
        raise click.UsageError("--task and --not-charged exclude each other: give only one")
    require_ledger(service.ledger_path)
    with open_ledger(service.ledger_path) as ledger:
        ledger.mark_abandoned()
        entry = ledger.entry(entry_id)
        if not_charged:
            _warn_if_early(entry, ledger.now())
            entry = resolve_as_not_charged(ledger, entry)
        else:
            with open_client(service) as client:
                if client.base_url != entry.api:
                    raise click.UsageError(
                        f"entry {entry.id} was sent to {entry.api}: add --api-url {as_argument(entry.api)}"
                    )
                if task_id:
                    entry = resolve_by_task(ledger, client, entry, task_id)
                elif entry.task_id:
                    entry = _as_named(ledger, client, entry, entry.task_id)
                else:
                    entry = _by_balance(ledger, client, entry)
    emit_as(ENTRY, [entry], output)
    return Exit.OUTCOME_UNKNOWN if entry.state is EntryState.UNKNOWN else Exit.PASS


@command.command("calibrate")
@ledger_option
@spec_option
@output_options(CALIBRATION)
def calibrate(*, ledger_path: str | None, output: OutputOptions) -> int:
    """Find out from past charges how the service rounds.

    \b
    preflight ledger calibrate
    """
    from preflight.cli.paying.service_session import ledger_to_read
    from preflight.cli.printing.report_output import emit_as
    from preflight.ledger.calibration import candidates, observations_of, policies_that_fit

    with ledger_to_read(ledger_path) as ledger:
        observations = observations_of(ledger.charged(), known_specs())
    found = candidates(observations)
    emit_as(CALIBRATION, (observations, found), output)
    return Exit.PASS if policies_that_fit(found) else Exit.INDETERMINATE


def _by_balance(ledger: Ledger, client: Client, entry: Entry) -> Entry:
    """Settle the entry by the balance; a remark gives the reason where that is not possible."""
    from preflight.render.payments.balance_verdicts import explained
    from preflight.submit.settle import resolve_by_balance

    try:
        entry, verdict = resolve_by_balance(ledger, client, entry)
    except ApiError as error:
        by_hand = f"preflight ledger resolve {entry.id} --task ID, or --not-charged"
        remark(f"cannot read the balance: {error}; try again later, or {by_hand}")
        return entry
    by_hand = f"look at your tasks, then preflight ledger resolve {entry.id} --task ID, or --not-charged"
    remark(explained(verdict, entry, by_hand=by_hand))
    return entry


def _warn_if_early(entry: Entry, now: datetime) -> None:
    if entry.settles_at is not None and now < entry.settles_at:
        remark(f"the service may still charge for it until {entry.settles_at:%H:%M:%S} UTC")


def _as_named(ledger: Ledger, client: Client, entry: Entry, task_id: str) -> Entry:
    """Settle the entry by the task that the unsuccessful answer names."""
    from preflight.submit.settle import resolve_by_task

    try:
        return resolve_by_task(ledger, client, entry, task_id)
    except TaskNotFound:
        by_hand = f"preflight ledger resolve {entry.id} --task ID, or --not-charged"
        remark(f"the answer named the task {task_id}; look at your tasks, then {by_hand}")
        raise
