"""``preflight sandbox``."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click

from preflight.cli.options import Number, Seconds

_ROUNDINGS = ("ceil", "exact", "nearest")
_SPEED = Seconds(0.001, 1_000_000)


@click.command("sandbox", context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, help="The port; 0 for a free one.")
@click.option("--speed", type=_SPEED, default=1.0, help="Sandbox seconds in a second.")
@click.option("--credits", "balance", type=Number(), default="10000", help="The opening balance.")
@click.option("--rounding", type=click.Choice(_ROUNDINGS), default="ceil", help="How seconds are billed.")
@click.option("--state", metavar="FILE", help="Keep account and tasks in a file; otherwise in memory.")
@click.option("--seed", type=int, default=0, help="Decides which requests a fault hits.")
@click.option("--allow-public", is_flag=True, help="Listen on an address that other machines reach.")
def command(
    *,
    host: str,
    port: int,
    speed: float,
    balance: Decimal,
    rounding: str,
    state: str | None,
    seed: int,
    allow_public: bool,
) -> int:
    """Run a local stand-in for the service, until Ctrl-C.

    \b
    preflight sandbox --speed 60
    PREFLIGHT_API_KEY=sk-sandbox preflight credits --api-url http://127.0.0.1:8787
    """
    from preflight.sandbox import Options, Rounding, Tariff, run  # noqa: PLC0415 - an extra
    from preflight.sandbox.probing import probe_image, probe_seconds  # noqa: PLC0415 - loads aiohttp

    options = Options(
        prober=probe_seconds,
        image_prober=probe_image,
        tariff=Tariff(rounding=Rounding(rounding)),
        credits=balance,
        state=Path(state) if state else None,
        speed=speed,
        seed=seed,
    )
    run(options, host=host, port=port, allow_public=allow_public, on_ready=_announce)
    return 0


def _announce(url: str) -> None:
    click.echo(f"sandbox at {url}; any key that starts with sk- is good; Ctrl-C ends it")
