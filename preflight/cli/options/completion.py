"""Shell completion of files and folders. Commands, options, choices and rules complete themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Paths, as the shell itself finds them."""
    return _left_to_the_shell("file", incomplete)


def folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, as the shell itself finds them."""
    return _left_to_the_shell("dir", incomplete)


def _left_to_the_shell(kind: str, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # only for completion

    return [CompletionItem(incomplete, type=kind)]
