"""Arguments that are files: a file of the folder, whatever it is called, never acts as an option.

Hooks and scripts put the names of files behind their options, and a folder may hold ``--output=package.json``.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Sequence

import click

from preflight.redact import printable

_DROPPED = frozenset({
    "--allow-host", "--baseline", "--files-from", "--format", "--ignore", "--null", "--no-progress", "--output",
    "--quiet", "--verbose", "--write-baseline", "-0", "-q", "-v",
})  # fmt: skip
"""Options without which a check is as strict as with them: an argument that could be one of them is taken as a file."""


def as_names(command: click.Command, arguments: Sequence[str]) -> list[str]:
    """``arguments`` with ``./`` before those that are files and look like options, up to ``--``.

    Raises ``UsageError`` where the argument is also an option of ``command`` that makes it stricter, as ``--offline``
    does: neither reading of it is safe.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    known = frozenset(_spellings(command)) if any(map(_is_doubtful, arguments[:end])) else frozenset()
    named = [_as_name(each, known) if _is_doubtful(each) else each for each in arguments[:end]]
    return [*named, *arguments[end:]]


def _is_doubtful(argument: str) -> bool:
    return len(argument) > 1 and argument.startswith("-") and os.path.lexists(argument)


def _as_name(argument: str, known: frozenset[str]) -> str:
    option = argument.partition("=")[0] if argument.startswith("--") else argument[:2]
    if option in known and option not in _DROPPED:
        raise click.UsageError(
            f"{printable(argument)} is an option and the name of a file here: "
            f"for the file write ./{printable(argument)}, or -- before all names; for the option, move the file away"
        )
    return f"./{argument}"


def _spellings(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    yield from ("-h", "--help")
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _spellings(each)
