"""``preflight ui``."""

from __future__ import annotations

from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.options.completion import folders as completed_folders
from preflight.cli.options.option_groups import JobOptions, NetworkOptions, PaidOptions
from preflight.cli.options.param_types import WholeNumber
from preflight.cli.options.service_options import budget_per_day_option, max_credits_option, paid_options
from preflight.cli.options.shared_options import engine_options, network_options
from preflight.cli.options.spec_options import known_specs, model_option, spec_option
from preflight.cli.options.upload_options import UploadOptions, upload_options
from preflight.cli.printing.terminal import tell, verbose_option
from preflight.errors import InvalidKey
from preflight.redact import shown_path

if TYPE_CHECKING:
    from preflight.upload.uploader import Uploading


@click.command("ui")
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=0,
    show_default=True,
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--sandbox", is_flag=True, help="Try everything for free: on a sandbox, with a ledger of its own.")
@click.option("--no-browser", is_flag=True, help="Print the link only; do not open the browser.")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    shell_complete=completed_folders,
    metavar="DIR",
    help="Folder whose runs the page may open (repeatable; default: the working folder).",
)
@upload_options("--upload")
@max_credits_option
@budget_per_day_option
@model_option
@spec_option
@network_options
@paid_options
@verbose_option
def command(
    *,
    port: int,
    sandbox: bool,
    no_browser: bool,
    folders: tuple[str, ...],
    upload: UploadOptions,
    max_credits: Decimal | None,
    budget_per_day: Decimal | None,
    model: str,
    network: NetworkOptions,
    service: PaidOptions,
) -> int:
    """Check, price, repair and submit jobs in the browser, until Ctrl-C.

    The page is served to this machine only, and opens by a link that works once. Paying needs an API key, as for
    'preflight submit'; local files also need --upload or --upload-command. The page offers the models of --spec,
    PREFLIGHT_SPECS and packages, --model first.

    \b
    preflight ui
    preflight ui --sandbox
    preflight ui --upload s3://bucket --budget-per-day 5000
    """
    for name in folders:
        if not Path(name).is_dir():
            raise click.UsageError(f"--folder {shown_path(name)}: no such folder")
    from preflight.cli.paying.open_uploader import open_uploader
    from preflight.cli.paying.service_session import open_client, open_ledger
    from preflight.cli.ui_sandbox import EXAMPLES, in_sandbox
    from preflight.ledger import Budget
    from preflight.ui import Services, serve_ui  # an extra

    with ExitStack() as stack:
        uploader: Uploading | None = None
        if sandbox:
            service, network, uploader = stack.enter_context(in_sandbox(service, network, upload, known_specs().named))
        elif upload.is_wanted:
            uploader = open_uploader(upload, network, on_progress=lambda _, __, ___: None)
        ledger = stack.enter_context(open_ledger(service.ledger_path))
        client, why_no_key = None, ""
        try:
            client = stack.enter_context(open_client(service))
        except InvalidKey as error:
            why_no_key = str(error)
        services = Services(
            options=engine_options(network=network, job=JobOptions(model=model), thorough=True),
            ledger=ledger,
            url=service.api_url,
            client=client,
            new_client=lambda sleep: open_client(service, sleep=sleep),
            why_no_key=why_no_key,
            budget=Budget(max_credits=max_credits, per_day=budget_per_day),
            uploader=uploader,
            is_sandbox=sandbox,
            folders=tuple(map(Path, folders)) or (Path(),),
            examples=EXAMPLES if sandbox else {},
        )
        serve_ui(services, port=port, on_ready=lambda link: _announce(link, opens=not no_browser))
    return 0


def _announce(link: str, *, opens: bool) -> None:
    tell(f"open {link} (this link works once; Ctrl-C ends the page)")
    if opens:
        import webbrowser  # loads subprocess

        webbrowser.open(link)
