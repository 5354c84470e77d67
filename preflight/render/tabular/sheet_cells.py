"""The cells of a contact sheet: for each job its thumbnails, name, verdict, seconds and price, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from preflight.checking.totals import Totals
from preflight.model import JobReport, Quote
from preflight.pricing import show_seconds
from preflight.redact import printable, shorten
from preflight.render.texts import phrases

_NOT_MADE = "was checked without --thumbnails"


class Cell(NamedTuple):
    """One job on a sheet. ``pictures`` are encoded, or say why there is none."""

    name: str
    verdict: str
    price: str
    pictures: tuple[bytes | str, ...]


def cell_of(job: JobReport) -> Cell:
    """The cell of ``job``. Its texts are from outside: they are one line each, and bounded."""
    source = job.subjects[0].source if job.bare and job.subjects else None
    name = job.id or source or f"{job.path or ''}{phrases.row_of(job)}"
    pictures = tuple(
        _NOT_MADE if subject.thumbnail is None else subject.thumbnail.data or subject.thumbnail.missing or ""
        for subject in job.subjects
    )
    return Cell(
        name=shorten(printable(name), 200),
        verdict=job.verdict.value,
        price=_price(job.quote) if job.quote else "" if job.bare else "no price",
        pictures=pictures,
    )


def _price(quote: Quote) -> str:
    """``12 s · 360 credits ($1.80)``, or ``12 s · 360 to 390 credits``."""
    if quote.low == quote.high:
        return f"{show_seconds(quote.seconds)} · {phrases.headline(quote)}"
    return f"{show_seconds(quote.seconds)} · {quote.low:f} to {quote.high:f} credits"


def heading(first: int, totals: Totals) -> str:
    """``Jobs 61 to 120: 58 pass, 2 fail; total 21600 credits ($108.00)``"""
    last = first + totals.jobs - 1
    return f"{first} to {last}: {phrases.tally(totals)}" if last > first else f"{first}: {phrases.tally(totals)}"


def sheet_request(cells: Sequence[Cell], text: str, *, columns: int) -> tuple[bytes, dict[str, Any]]:
    """The thumbnails of a sheet, one after the other, and what is to be drawn with them."""
    data, drawn = bytearray(), []
    for cell in cells:
        pictures: list[dict[str, Any]] = []
        for picture in cell.pictures:
            if isinstance(picture, str):
                pictures.append({"missing": picture})
            else:
                pictures.append({"bytes": [len(data), len(data) + len(picture)]})
                data += picture
        drawn.append({"name": cell.name, "verdict": cell.verdict, "price": cell.price, "pictures": pictures})
    return bytes(data), {"cells": drawn, "columns": columns, "heading": text}
