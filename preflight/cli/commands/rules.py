"""``preflight rules``."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from preflight.cli.completion import files
from preflight.cli.output import emit, to_json, to_text
from preflight.rules import RULES

if TYPE_CHECKING:
    from rich.console import Console


@click.command("rules")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="How to say it.")
@click.option("--output", metavar="FILE", shell_complete=files, help="Write to a file instead of standard output.")
def command(*, format_: str, output: str | None) -> int:
    """List every rule: its area, its severity, and who asks for it.

    The service's API page asks, line by line; services of the same family do (advisory), or preflight does by itself.
    'preflight explain RULE' says more.

    \b
    preflight rules
    """
    if format_ == "json":
        from preflight.rules.pages import help_of  # noqa: PLC0415 - reads every page

        rows = [
            {
                "rule": rule.id,
                "area": rule.area.value,
                "severity": rule.severity.label,
                "summary": rule.summary,
                "origin": rule.origin,
                "source": rule.source_text,
                "since": help_of(rule.id).since,
                "page": help_of(rule.id).url,
            }
            for rule in RULES
        ]
        emit(to_json({"schema": "preflight.rules/v1", "rules": rows}), output)
    else:
        emit(to_text(_render, output), output)
    return 0


def _render(console: Console) -> None:
    from rich.table import Table  # noqa: PLC0415 - only for text

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("rule", no_wrap=True, style="bold")
    table.add_column("severity", no_wrap=True)
    table.add_column("source", no_wrap=True)
    table.add_column("what it is about")
    for area, rules in groupby(RULES, key=lambda rule: rule.area):
        if table.row_count:
            table.add_row()
        table.add_row(f"[dim]{area.value}[/dim]")
        for rule in rules:
            source = rule.source if rule.origin == "API page" else rule.origin
            table.add_row(f"  {rule.id}", rule.severity.label, source, rule.summary)
    console.print(table)
    console.print()
    console.print("page:N is line N of the service's API page. 'preflight explain RULE' says more.", style="dim")
