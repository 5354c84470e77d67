"""The commands, each loaded when it is called: a check of one picture does not pay for the sandbox."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "check": ("preflight.cli.check", "Check jobs and media files before they are paid for."),
    "estimate": ("preflight.cli.estimate", "Say what a job will cost."),
    "probe": ("preflight.cli.probe", "Say what a file is, without judging it."),
    "fix": ("preflight.cli.fix", "Repair local files so that they pass."),
    "submit": ("preflight.cli.submit", "Check a job, then hand it to the service, once."),
    "task": ("preflight.cli.task", "Look at a task, or wait for it."),
    "credits": ("preflight.cli.credits", "Say how many credits the account has."),
    "rules": ("preflight.cli.rules", "List every rule, its severity and its source."),
    "explain": ("preflight.cli.explain", "Explain a rule."),
    "schema": ("preflight.cli.schema", "Print the JSON Schema of a job, for editors."),
    "sandbox": ("preflight.cli.sandbox", "Run a local stand-in for the service."),
    "demo": ("preflight.cli.demo", "Show the whole way, on the sandbox."),
}


class Commands(click.Group):
    """A group that knows its commands by name and loads them on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

            close = get_close_matches(cmd_name, _COMMANDS, n=1)
            if close:
                ctx.fail(f"no command {cmd_name!r}; did you mean {close[0]!r}?")
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        from importlib.metadata import version  # noqa: PLC0415 - only for this option

        click.echo(f"preflight {version('media-preflight')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version."
)
def commands() -> None:
    """Check the image, the video and the price of a motion-control job before you pay for it.

    \b
    preflight check job.yaml
    preflight check --image character.png --video https://example.com/dance.mp4
    preflight estimate --seconds 12.5
    preflight submit job.yaml --wait
    """
