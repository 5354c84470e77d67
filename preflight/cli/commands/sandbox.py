"""``preflight sandbox``."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.help.usage_errors import ListedChoices
from preflight.cli.options.completion import files
from preflight.cli.options.param_types import Choice, Number, Seconds, WholeNumber
from preflight.cli.options.spec_options import known_specs, spec_option
from preflight.cli.printing.terminal import tell, verbose_option
from preflight.redact.suggestion import suggestion

if TYPE_CHECKING:
    from preflight.sandbox import Armed

_HIDDEN = "hidden"
_ROUNDINGS = ("ceil", "exact", "nearest", "ceil-credits", _HIDDEN)
_CLOCKS = ("container", "video", _HIDDEN)
_SPEED = Seconds(0.001, 1_000_000)


@click.command("sandbox", context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=WholeNumber(0, 65535), default=8787, help="Port to listen on; 0 picks a free one.")
@click.option("--speed", type=_SPEED, default=1.0, help="How many times faster than real time the sandbox runs.")
@click.option("--credits", "balance", type=Number(), default="10000", help="Opening balance of the account.")
@click.option("--rounding", type=Choice(_ROUNDINGS), default="ceil", help="How seconds are rounded for billing.")
@click.option("--clock", type=Choice(_CLOCKS), default="container", help="Which clock of the video is billed.")
@click.option(
    "--state", metavar="FILE", shell_complete=files, help="Keep account and tasks in this file instead of in memory."
)
@click.option(
    "--seed",
    type=WholeNumber(),
    default=0,
    help="Seed for the random choices: which requests a fault hits, and hidden settings.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:RATE]",
    help="Arm a fault (repeatable; a wrong name lists all). It strikes once, or repeatedly at a rate from 0 to 1.",
)
@spec_option
@click.option("--allow-public", is_flag=True, help="Also listen on addresses that other machines can reach.")
@verbose_option
def command(
    *,
    host: str,
    port: int,
    speed: float,
    balance: Decimal,
    rounding: str,
    clock: str,
    state: str | None,
    seed: int,
    faults: tuple[str, ...],
    allow_public: bool,
) -> int:
    """Run a local mock of the API until Ctrl-C.

    \b
    preflight sandbox --speed 60
    preflight sandbox --fault drop-after-billing:0.15
    export PREFLIGHT_API_KEY=sk-sandbox
    preflight credits --api-url http://127.0.0.1:8787
    """
    from preflight.sandbox import BilledClock, Options, Rounding, Tariff, hidden, run  # an extra
    from preflight.sandbox.measure import probe_image, probe_seconds  # loads asyncio

    billed = hidden(BilledClock, seed) if clock == _HIDDEN else BilledClock(clock)
    rounded = hidden(Rounding, seed) if rounding == _HIDDEN else Rounding(rounding)
    options = Options(
        prober=partial(probe_seconds, clock=billed),
        image_prober=probe_image,
        tariff=Tariff(rounding=rounded),
        credits=balance,
        state=Path(state) if state else None,
        speed=speed,
        seed=seed,
        faults=_armed(faults),
        specs=known_specs().named,
    )
    run(options, host=host, port=port, allow_public=allow_public, on_ready=_announce)
    return 0


def _armed(texts: tuple[str, ...]) -> tuple[Armed, ...]:
    from preflight.sandbox import fault_from_text  # an extra
    from preflight.sandbox.api_responses import Refused
    from preflight.sandbox.faults import FAULTS

    for text in texts:
        name = text.split(",")[0].partition(":")[0]
        if name not in FAULTS:
            hint = suggestion(name, FAULTS, otherwise=";")
            raise ListedChoices(f"--fault: there is no fault {name!r}{hint} docs/sandbox.md explains them all:", FAULTS)
    try:
        return tuple(map(fault_from_text, texts))
    except Refused as refused:
        raise click.UsageError(f"--fault: {refused}") from refused


def _announce(url: str) -> None:
    tell(f"sandbox at {url}; any key that starts with sk- is good; Ctrl-C ends it")
