"""``preflight rules``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from preflight.cli.completion import files
from preflight.cli.output import emit, to_json, to_text
from preflight.render.words import source_text
from preflight.rules import RULES

if TYPE_CHECKING:
    from rich.console import Console


@click.command("rules")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="How to say it.")
@click.option("--output", metavar="FILE", shell_complete=files, help="Write to a file instead of standard output.")
def command(*, format_: str, output: str | None) -> int:
    """List every rule, its severity and its source.

    \b
    preflight rules
    """
    if format_ == "json":
        rows = [
            {
                "rule": rule.id,
                "area": rule.area.value,
                "severity": rule.severity.label,
                "summary": rule.summary,
                "source": source_text(rule.source),
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
    table.add_column("severity")
    table.add_column("what it is about")
    for rule in RULES:
        table.add_row(rule.id, rule.severity.label, rule.summary)
    console.print(table)
