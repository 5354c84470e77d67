"""Arguments that are files: a file of the folder never acts as an option, whatever its name.

Hooks and scripts put the names of files after their options, and a folder may hold ``--output=package.json``.
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
"""Options that do not make a check stricter: an argument that could be one of them is taken as a file."""


def as_names(command: click.Command, arguments: Sequence[str]) -> list[str]:
    """``arguments`` up to ``--``, with ``./`` before files that look like options.

    Raises ``UsageError`` where the argument is also an option of ``command`` that makes it stricter, as ``--offline``
    does: neither reading is safe.
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
            f"{printable(argument)} is both an option and a file here: "
            f"for the file write ./{printable(argument)}, or -- before all names; for the option, move the file away"
        )
    return f"./{argument}"


def _spellings(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    yield from ("-h", "--help")
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        yield from _spellings(each)
