"""Help in groups: plain where it is piped, laid out in colour on a terminal, by a library that nothing else loads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import click

from preflight.cli.help.help_groups import commands_of, options_of
from preflight.cli.printing.output import emit, to_text


class HelpContext(click.Context):
    """A context whose help is in groups, and that is known to every usage error within it."""

    @contextmanager
    def scope(self, cleanup: bool = True) -> Iterator[click.Context]:  # noqa: FBT001, FBT002 - click's signature
        """Like click; its parser of options raises errors that do not know their command."""
        try:
            with super().scope(cleanup):
                yield self
        except click.UsageError as error:
            if error.ctx is None:
                error.ctx = self
            raise

    def get_help(self) -> str:
        """The plain help of the command."""
        formatter = self.make_formatter()
        self.command.format_usage(self, formatter)
        self.command.format_help_text(self, formatter)
        for title, commands in commands_of(self).items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))
        for title, options in options_of(self).items():
            records = (option.get_help_record(self) for option in options)
            with formatter.section(title):
                formatter.write_dl([record for record in records if record])
        return formatter.getvalue().rstrip("\n")


def with_help(command: click.Command) -> click.Command:
    """``command`` and its subcommands, with help in groups.

    ``--help`` becomes an option of its own: the one of click prints through a stream that lets no colours pass, and
    looks for a translation of its help.
    """
    command.context_class = HelpContext
    if not any("--help" in parameter.opts for parameter in command.params):
        click.option(
            "-h", "--help", is_flag=True, expose_value=False, is_eager=True, callback=_show, help="Show this help."
        )(command)
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        with_help(each)
    return command


def _show(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if not value or context.resilient_parsing:
        return
    if sys.stdout.isatty():
        from preflight.cli.help.help_layout import lay_out  # loads rich-click, for help on a terminal only

        emit(to_text(partial(lay_out, context), None), None)
    else:
        emit(f"{context.get_help()}\n", None)
    context.exit()
