"""The groups in which help lists commands and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import click

OTHER: Final = "Options"
_OTHER_COMMANDS: Final = "Tools"
_FEW = 5
"""Options that need no groups."""

_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "Check": ("check", "estimate", "probe", "fix", "rules", "explain", "diff", "report", "sheet"),
    "Pay": ("submit", "upload", "task", "credits", "ledger", "listen", "mcp", "ui"),
    "Tools": (),
}
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Input": (
        "--image", "--video", "--images", "--videos", "--mode", "--orientation", "--prompt", "--set", "--callback",
        "--model", "--spec", "--seconds", "--files-from", "--null", "--column", "--checked", "--jobs-only", "--deep",
        "--root",
    ),
    OTHER: (),
    "Network": (
        "--offline", "--network", "--allow-host", "--proxy", "--timeout", "--retries", "--concurrency", "--per-host",
        "--host-rate", "--user-agent",
    ),
    "Upload": (
        "upload --to", "--upload", "--upload-command", "--endpoint-url", "--public-base", "--url-expires",
    ),
    "Run on disk": (
        "--to", "--workers", "--part-rows", "--results", "--retry", "--engine", "--address", "submit --budget",
        "--at-once", "--manifest",
    ),
    "Rules": ("--strict", "--fail-on", "--select", "--ignore", "--baseline", "--write-baseline"),
    "Price": (
        "--max-credits", "--budget-per-day", "--agent-budget", "--agent-budget-per-day", "--agent-budget-per-job",
        "--always-ask", "--quote-seconds", "--max-total", "--max-increase", "--max-increase-percent",
        "--max-job-credits", "--max-clip-seconds", "--notify",
    ),
    "Output": (
        "--format", "--json", "--output", "--save-job", "--download", "--thumbnails", "--quiet", "--verbose",
        "--no-progress",
    ),
    "Settings": ("--api-url", "--key-file", "--ledger", "--config", "--isolated", "--help"),
}  # fmt: skip
"""A command before an option means the option of that command alone."""

_T = TypeVar("_T")


def options_of(context: click.Context) -> dict[str, list[click.Option]]:
    """The options of a command by the title of their group."""
    options = [each for each in context.command.get_params(context) if isinstance(each, click.Option)]
    name = context.command.name
    shown = [each for each in options if not each.hidden]
    return _grouped_options((each, (*(f"{name} {word}" for word in each.opts), *each.opts)) for each in shown)


def commands_of(context: click.Context) -> dict[str, dict[str, str]]:
    """The commands of a group with their summaries, by the title of their group; none of them is loaded for that."""
    command = context.command
    if not isinstance(command, click.Group):
        return {}
    summaries = getattr(command, "summaries", None)
    if summaries is None:
        return {"Commands": {name: each.get_short_help_str(80) for name, each in command.commands.items()}}
    return {title: {name: summaries[name] for name in names} for title, names in _grouped_commands(summaries).items()}


def _grouped_commands(names: Iterable[str]) -> dict[str, list[str]]:
    """``names`` by the title of their group, in the order of the groups."""
    return _grouped(((name, (name,)) for name in names), _COMMANDS, _OTHER_COMMANDS)


def _grouped_options(options: Iterable[tuple[_T, Iterable[str]]]) -> dict[str, list[_T]]:
    """Options, each with its spellings, by the title of their group; all in one group where there are few."""
    given = [(option, tuple(spellings)) for option, spellings in options]
    groups = _grouped(given, _OPTIONS, OTHER)
    return groups if len(given) > _FEW else {OTHER: [option for option, _ in given]}


def _grouped(
    named: Iterable[tuple[_T, tuple[str, ...]]], table: Mapping[str, tuple[str, ...]], other: str
) -> dict[str, list[_T]]:
    groups: dict[str, list[_T]] = {title: [] for title in table}
    for each, names in named:
        title = next((title for name in names for title, known in table.items() if name in known), other)
        groups[title].append(each)
    return {title: members for title, members in groups.items() if members}
