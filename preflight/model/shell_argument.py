"""A word from outside in a command that people paste into a shell."""

from __future__ import annotations

from shlex import quote


def as_argument(text: str) -> str:
    """``text`` as one argument of a command for a POSIX shell, never an option: ``-x`` becomes ``-- -x``.

    It comes last in its command. PowerShell reads the quotes as these shells do.
    """
    return f"-- {quote(text)}" if text.startswith("-") else quote(text)


def path_argument(path: str) -> str:
    """A path on this machine as one argument anywhere in a command, never an option: ``-x`` becomes ``./-x``."""
    return quote(f"./{path}" if path.startswith("-") else path)
