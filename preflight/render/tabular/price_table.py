"""The price of a job in every mode, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from preflight.model import Quote
from preflight.pricing import show_seconds
from preflight.units import dollars

_ROOMY = 72
"""The width from which the table is spaced out."""


def price_table(quotes: Sequence[Quote], columns: int) -> Table:
    """A row for each of ``quotes``, in a terminal ``columns`` wide."""
    table = Table(box=None, header_style="dim", padding=(0, 2 if columns >= _ROOMY else 1))
    for name in ("mode", "billed", "rate", "credits", "low", "high", "USD"):
        table.add_column(name, justify="left" if name == "mode" else "right", no_wrap=True)
    for quote in quotes:
        table.add_row(
            quote.mode or "–",
            show_seconds(quote.billed_seconds),
            "–" if quote.credits_per_second is None else f"{quote.credits_per_second:f}",
            Text(f"{quote.credits:f}", style="bold"),
            f"{quote.low:f}",
            f"{quote.high:f}",
            dollars(quote.usd),
        )
    return table
