"""``preflight explain``."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import click

from preflight.cli.options.param_types import RuleId
from preflight.cli.options.spec_options import ModelName, named_model, spec_named, spec_option
from preflight.cli.printing.output import emit, to_text
from preflight.redact import printable
from preflight.specs import DEFAULT_MODEL

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from preflight.rules.pages import Block, RulePage
    from preflight.specs import Spec

_COLUMNS = 100
"""Longer lines of prose are hard to read, even on a wide terminal."""

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold blue"}
_SPEC_AREAS = {"job": "fields", "image": "image", "video": "video", "price": "price"}
"""The part of a spec that the rules of an area compare with."""
_CODE = re.compile(r"`([^`]+)`")


@click.command("explain")
@click.argument("rule_id", metavar="RULE", type=RuleId(), required=False)
@click.option("--model", type=ModelName(), help="First show what the rule compares with for this model.")
@spec_option
def command(*, rule_id: str | None, model: str | None) -> int:
    """Explain a rule: what it checks, why, how to fix a finding, and what it cannot see.

    \b
    preflight explain video-too-long
    preflight explain video-too-long --spec my-model.toml
    """
    if rule_id is None:
        raise click.UsageError(
            "which rule? For example 'preflight explain video-too-long'; 'preflight rules' lists them"
        )
    from preflight.rules.pages import help_of  # reads a file that completion does not need

    model = model or named_model()
    spec = None if model is None else spec_named(model)
    emit(to_text(partial(_render, help_of(rule_id), spec), None), None)
    return 0


def _render(page: RulePage, spec: Spec | None, console: Console) -> None:
    from rich.text import Text  # only for output

    width = min(console.width, _COLUMNS)
    head = Text.assemble((page.id, "bold"), "  ", (page.severity.label, _STYLES[page.severity.label]))
    console.print(head, Text(page.summary), sep="\n", width=width)
    console.print(Text(f"{page.area.value} · {page.source} · since {page.since}", style="dim"), width=width)
    if spec is not None:
        console.print()
        _render_spec(page, spec, console)
    for section in page.sections:
        console.print()
        console.print(Text(section.title, style="bold"))
        before = None
        for block in section.blocks():
            if before is not None and (before, block.kind) != ("item", "item"):
                console.print()
            before = block.kind
            _render_block(block, console, width)


def _render_spec(page: RulePage, spec: Spec, console: Console) -> None:
    """What the model has for the rules of this area; the rest of the page is about the model that ships."""
    from rich.text import Text

    from preflight.render.tabular.spec_tables import spec_object  # only where a model is named

    console.print(Text(printable(f"In {spec.model}"), style="bold"))
    area = _SPEC_AREAS.get(page.area.value)
    rows = [row for row in spec_object(spec)["rows"] if row["area"] == area]
    for row in rows:
        console.print(Text(printable(f"  - {row['name']}: {row['value']} ({row['source']})")), soft_wrap=True)
    if not rows:
        said = "the same as for every model" if area is None else f"the model takes no {area}"
        console.print(Text(f"  {said}"))
    if spec.path is not None:
        console.print()
        console.print(Text(f"The limits and prices below are those of {DEFAULT_MODEL}.", style="dim"))


def _render_block(block: Block, console: Console, width: int) -> None:
    from rich.text import Text

    if block.kind == "code":  # never wrapped, so that it can be copied whole
        for command_line in block.text.splitlines():
            console.print(Text.assemble("    ", (command_line, "cyan")), soft_wrap=True)
        return
    mark = "  - " if block.kind == "item" else "  "
    lines = _styled(block.text, colours=console.color_system is not None).wrap(console, width - len(mark))
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text(" " * len(mark) if number else mark) + line, soft_wrap=True)


def _styled(prose: str, *, colours: bool) -> Text:
    """Prose with its code in colour instead of backquotes, where there are colours."""
    from rich.text import Text

    if not colours:
        return Text(prose)
    text = Text()
    for index, part in enumerate(_CODE.split(prose)):
        text.append(part, style="cyan" if index % 2 else "")
    return text
