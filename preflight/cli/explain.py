"""``preflight explain``."""

from __future__ import annotations

import click

from preflight.cli.options import RuleId
from preflight.render.words import source_text
from preflight.rules import RULES


@click.command("explain")
@click.argument("rule_id", metavar="RULE", type=RuleId())
def command(*, rule_id: str) -> int:
    """Explain a rule.

    \b
    preflight explain video-too-long
    """
    rule = next(rule for rule in RULES if rule.id == rule_id)
    click.echo(f"{rule.id}  ({rule.severity.label}, {rule.area.value})\n\n  {rule.summary}\n")
    click.echo(f"  source: {source_text(rule.source)}")
    return 0
