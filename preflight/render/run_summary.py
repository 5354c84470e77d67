"""The summary of a run for people: verdicts, price, the most frequent findings, what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from preflight.model.shell_argument import path_argument
from preflight.render.texts import phrases
from preflight.render.texts.phrases import size

_RULES_SHOWN = 8


def run_summary(summary: Mapping[str, Any], *, where: str, manifest: str) -> str:
    """Some lines about a run over ``manifest`` whose ``summary.json`` is ``summary``; it is kept at ``where``."""
    verdicts = ", ".join(f"{count:,} {name}" for name, count in summary["verdicts"].items())
    rows = "row" if summary["rows"] == 1 else "rows"
    lines = [f"{summary['rows']:,} {rows}: {verdicts}", _price(summary)]
    if summary["over_budget"]:
        lines.append(f"{summary['over_budget']:,} rows may cost more than --max-credits")
    if summary["swapped"]:
        lines.append(phrases.swapped(summary["swapped"], summary["rows"], of="row"))
    if summary["rules"]:
        frequent = sorted(summary["rules"].items(), key=lambda rule: (-rule[1], rule[0]))
        shown = ", ".join(f"{rule} {count:,}" for rule, count in frequent[:_RULES_SHOWN])
        lines.append(f"Findings: {shown}{', …' if len(frequent) > _RULES_SHOWN else ''}")
    if summary["hidden"]:
        lines.append(phrases.hidden(summary["hidden"]))
    again = f", {summary['sent_again']:,} sent again" if summary["sent_again"] else ""
    lines.append(f"Read: {summary['requests']:,} requests, {size(summary['bytes'])}{again}")
    lines.append(f"Results: {where}")
    for number, command in enumerate(_next(summary, path_argument(where), path_argument(manifest))):
        lines.append(f"{'      ' if number else 'next: '}{command}")
    return "".join(f"{line}\n" for line in lines)


def _next(summary: Mapping[str, Any], run: str, manifest: str) -> Iterator[str]:
    """The commands that go on from here: see the rows that did not pass, check again, pay for those that passed."""
    verdicts = summary["verdicts"]
    if verdicts["fail"] or verdicts["indeterminate"]:
        yield f"preflight report {run}"
    if verdicts["indeterminate"]:
        yield f"preflight check {manifest} --to {run} --retry indeterminate"
    if summary["passing"] is not None:
        budget = Decimal(summary["passing"]["high"]).to_integral_value(ROUND_CEILING)
        yield f"preflight submit {run} --budget {budget}"


def _price(summary: Mapping[str, Any]) -> str:
    """The price of all rows, and how much of it is for rows that pass: nobody pays for the others."""
    quote, passing, rows = summary["quote"], summary["passing"], summary["rows"]
    if quote is None:
        return "Price: no row has one"
    priced = rows - quote["unpriced"]
    unpriced = f"; {quote['unpriced']:,} of {rows:,} rows have no price" if quote["unpriced"] else ""
    if passing is None:
        passes = ", none of it for a row that passes"
    elif passing["rows"] < priced:
        those = "the row that passes" if passing["rows"] == 1 else f"the {passing['rows']:,} rows that pass"
        passes = f", of which {_grouped(passing['credits'])}{_span(passing)} for {those}"
    else:
        passes = ""
    return f"Price: {_grouped(quote['credits'])} credits{_span(quote)}, ${quote['usd']}{passes}{unpriced}"


def _span(quote: Mapping[str, Any]) -> str:
    return "" if quote["low"] == quote["high"] else f" ({_grouped(quote['low'])} to {_grouped(quote['high'])})"


def _grouped(number: float | str) -> str:
    return f"{float(number):,.0f}" if float(number).is_integer() else f"{float(number):,.2f}"
