"""The table of commands; each is loaded when it is called, so that a check of a picture does not load the sandbox."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

import click

from preflight import __version__
from preflight.cli import head_start
from preflight.cli.help.help_pages import with_help
from preflight.cli.options.file_arguments import as_names
from preflight.cli.printing.terminal import tell
from preflight.redact.suggestion import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

_COMMANDS = {
    "check": ("preflight.cli.commands.check", "Check jobs and media files before you pay for them."),
    "report": ("preflight.cli.commands.report", "Show what a run or a saved report holds."),
    "sheet": ("preflight.cli.commands.sheet", "Draw a contact sheet of a run or of files."),
    "pair": ("preflight.cli.commands.pair", "Write a manifest that pairs images with videos."),
    "estimate": ("preflight.cli.commands.estimate", "Show the price of a job."),
    "probe": ("preflight.cli.commands.probe", "Show facts about a file without judging it."),
    "diff": ("preflight.cli.commands.diff", "Show what a change in a Git repository costs."),
    "comment": ("preflight.cli.commands.comment", "Post the cost of a pull request as a comment."),
    "fix": ("preflight.cli.commands.fix", "Repair local files so that they pass the check."),
    "upload": ("preflight.cli.commands.upload", "Upload local files and print a URL for each."),
    "submit": ("preflight.cli.commands.submit", "Check a job, then submit it once."),
    "task": ("preflight.cli.commands.task", "Show a task or wait for it."),
    "credits": ("preflight.cli.commands.credits", "Show the balance of the account."),
    "ledger": ("preflight.cli.commands.ledger", "Show what was paid and settle unknown outcomes."),
    "mcp": ("preflight.cli.commands.mcp", "Serve agents over MCP: check, price, and pay with consent."),
    "listen": ("preflight.cli.commands.listen", "Receive callbacks from the service."),
    "ui": ("preflight.cli.commands.ui", "Check, price, repair and submit jobs in the browser."),
    "rules": ("preflight.cli.commands.rules", "List all rules with severity and source."),
    "explain": ("preflight.cli.commands.explain", "Explain a rule."),
    "doctor": ("preflight.cli.commands.doctor", "Check the installation."),
    "init": ("preflight.cli.commands.init", "Write a starter job file and hook configuration."),
    "schema": ("preflight.cli.commands.schema", "Print the JSON Schema of jobs or settings."),
    "settings": ("preflight.cli.commands.settings", "Show all settings and where their values come from."),
    "sandbox": ("preflight.cli.commands.sandbox", "Run a local mock of the API."),
    "demo": ("preflight.cli.commands.demo", "Run the end-to-end demo on the sandbox."),
}

_NAMED_SETTINGS_ALONE = frozenset({"mcp"})
"""Commands that search for no settings file: an agent may write the folder in which they start."""

_WITHOUT_SETTINGS = frozenset({"schema", "sandbox"})
"""Commands whose options differ in meaning from the settings of the same name."""


class Commands(click.Group):
    """A group that knows its commands by name and loads them on demand."""

    summaries: ClassVar[Mapping[str, str]] = {name: summary for name, (_, summary) in _COMMANDS.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            if not os.path.lexists(cmd_name) and (hint := suggestion(cmd_name, _COMMANDS)):
                ctx.fail(f"unknown command {cmd_name!r}{hint}")
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        if cmd_name in _WITHOUT_SETTINGS:
            return with_help(command)
        from preflight.cli.options.settings_options import with_settings  # help and completion need no settings

        return with_help(with_settings(command, finds=cmd_name not in _NAMED_SETTINGS_ALONE))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Like click, but ``help COMMAND`` and ``version`` are understood."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        elif args == ["version"]:
            args = ["--version"]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click, but a file of this folder is never taken for an option, and a process may begin to start."""
        if args and not ctx.resilient_parsing:
            head_start.begin(args[0], args[1:])
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, click.Group) and rest[:1] == ["help"]:
            rest = [*rest[1:], "--help"]
        return name, command, rest if command is None else as_names(command, rest)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. An interrupt becomes ``Abort`` here: click itself would print an empty line for it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise click.Abort from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names and summaries above: click's own way loads every command for them."""
        from click.shell_completion import CompletionItem  # only for completion

        known = [
            CompletionItem(name, help=said) for name, (_, said) in _COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*known, *click.Command.shell_complete(self, ctx, incomplete)]


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        tell(f"preflight {__version__}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Print the version.",
)
def commands() -> None:
    """Check the image, the video and the price of a motion-control job before you pay for it.

    \b
    preflight check job.yaml
    preflight check --image character.png --video dance.mp4
    preflight estimate --seconds 12.5
    preflight submit job.yaml --wait
    """


with_help(commands)
