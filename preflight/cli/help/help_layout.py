"""The help of a command on a terminal, as rich-click lays it out. The only module that knows that library.

Every text is given to it as text, never as markup: defaults of options may come from a settings file.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import click
from rich.text import Text
from rich_click.rich_help_configuration import RichHelpConfiguration
from rich_click.rich_help_formatter import RichHelpFormatter
from rich_click.rich_panel import RichCommandPanel, RichOptionPanel

from preflight.cli.help.help_groups import commands_of, options_of

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = 100
"""Longer lines are hard to read, even on a wide terminal."""


def lay_out(context: click.Context, console: Console) -> None:
    """Print the help of the command of ``context``."""
    console.width = min(console.width, _COLUMNS)
    formatter = RichHelpFormatter(console=console, config=_config())
    usage = " ".join(context.command.collect_usage_pieces(context))
    console.print(Text.assemble(("Usage: ", "bold"), (context.command_path, "bold cyan"), f" {usage}"))
    said, _, shown = (context.command.help or "").partition("\b\n")
    for paragraph in said.strip().split("\n\n"):
        console.print()
        console.print(Text(" ".join(paragraph.split())))
    console.print()
    for example in filter(None, map(str.strip, shown.splitlines())):
        console.print(Text(f"  {example}", style="cyan"), soft_wrap=True)
    console.print()
    for title, commands in commands_of(context).items():
        _print_commands(title, commands, context, formatter)
    for title, options in options_of(context).items():
        _print_options(title, [_plain(each, context) for each in options], context, formatter)


def _config() -> RichHelpConfiguration:
    """No boxes, no markup, no emoji, and nothing from the environment."""
    return RichHelpConfiguration(
        theme="default-slim",
        enable_theme_env_var=False,
        text_markup=None,
        text_emojis=False,
        options_table_column_types=["opt_short", "opt_long", "metavar", "help"],
        options_table_help_sections=["help"],
        style_options_panel_title_style="bold",
        style_commands_panel_title_style="bold",
        style_metavar="yellow",
        style_metavar_separator="yellow",
        style_option="cyan",
        style_switch="cyan",
        style_command="cyan",
    )


def _print_options(
    title: str, options: list[click.Parameter], context: click.Context, formatter: RichHelpFormatter
) -> None:
    shown = click.Command(context.command.name, params=options, add_help_option=False)
    panel = RichOptionPanel(title, options=[option.name or "" for option in options])
    formatter.write(panel.render(cast("Any", shown), cast("Any", context), formatter))


def _print_commands(
    title: str, summaries: Mapping[str, str], context: click.Context, formatter: RichHelpFormatter
) -> None:
    commands = {name: click.Command(name, help=summary) for name, summary in summaries.items()}
    shown = click.Group(context.command.name, commands=commands)
    panel = RichCommandPanel(title, commands=list(commands))
    formatter.write(panel.render(cast("Any", shown), cast("Any", context), formatter))


def _plain(option: click.Option, context: click.Context) -> click.Option:
    """``option`` with its default in its help, as click writes it, instead of as the library would: as markup."""
    record = option.get_help_record(context)
    shown = copy.copy(option)
    shown.help = record[1] if record else option.help
    shown.show_default = False
    if option.count:
        shown.metavar = ""  # it takes no value
    elif isinstance(option.type, click.IntRange | click.FloatRange):
        shown.type = click.INT if isinstance(option.type, click.IntRange) else click.FLOAT  # the help has the range
    return shown
