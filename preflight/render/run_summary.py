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
    quote, rows = summary["quote"], summary["rows"]
    if quote is None:
        return "Price: no row has one"
    text = f"Price: {_grouped(quote['credits'])} credits ({_span(quote, '; ')}${quote['usd']}){_for_passing(summary)}"
    if quote["unpriced"]:
        have = "has" if quote["unpriced"] == 1 else "have"
        text += f"; {quote['unpriced']:,} of {rows:,} rows {have} no price"
    return text


def _for_passing(summary: Mapping[str, Any]) -> str:
    """The part of the price that is for rows that pass; empty where all of it is."""
    passing, passes = summary["passing"], summary["verdicts"]["pass"]
    if passing is None:
        return f", none of them for {_that_pass(passes)}" if passes else ", none of them for a row that passes"
    priced = passing["rows"]
    if priced == summary["rows"] - summary["quote"]["unpriced"]:
        return ""
    span = _span(passing, "")
    credits_ = f"{_grouped(passing['credits'])}{f' ({span})' if span else ''}"
    if priced == passes:
        return f", {credits_} of them for {_that_pass(passes)}"
    and_has = "passes and has a price" if priced == 1 else "pass and have a price"
    return f", {credits_} of them for {priced:,} {'row' if priced == 1 else 'rows'} that {and_has}"


def _that_pass(count: int) -> str:
    return "the row that passes" if count == 1 else f"the {count:,} rows that pass"


def _span(quote: Mapping[str, Any], end: str) -> str:
    return "" if quote["low"] == quote["high"] else f"{_grouped(quote['low'])} to {_grouped(quote['high'])}{end}"


def _grouped(number: float | str) -> str:
    return f"{float(number):,.0f}" if float(number).is_integer() else f"{float(number):,.2f}"
