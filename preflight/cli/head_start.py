"""Starts the isolated process of a second opinion before the code that will ask it is loaded.

That process takes as long to start as preflight does. Begun as soon as the arguments show that one clip is to be
checked, its start goes on beside the loading of options, engine and network.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.checking.resources import Resources

_COMMANDS = frozenset({"check", "probe"})
"""Commands that ask for a second opinion on a clip that is their only target."""
_NOT_ASKED = ("-h", "--help", "--jobs-only", "--to")
"""Options with which nobody asks, or only about few of many files."""

_BEGUN: list[Resources] = []
"""With the process that was started, until a command takes it or has ended."""


def begin(command: str, arguments: Sequence[str]) -> None:
    """Start the process, if ``command`` with these ``arguments`` seems to check one clip. A wrong guess is harmless."""
    if command not in _COMMANDS or not _is_one_clip(arguments):
        return
    from preflight.checking.resources import Resources  # only for clips

    _BEGUN.append(Resources())
    _BEGUN[-1].mediainfo.warm()


def resources() -> AbstractContextManager[Resources]:
    """The resources for an engine, with the process in them if it was started. They are closed at the end."""
    from preflight.checking.resources import Resources

    return closing(_BEGUN.pop() if _BEGUN else Resources())


def end() -> None:
    """End a process that no command took."""
    while _BEGUN:
        _BEGUN.pop().close()


def _is_one_clip(arguments: Sequence[str]) -> bool:
    """Whether they name one clip, or one job, which has a clip."""
    if any(each.startswith(_NOT_ASKED) for each in arguments):
        return False
    values = [each.partition("=")[2] if each.startswith("-") else each for each in arguments]
    named = [each for each in values if "." in each or ":" in each]
    if not named:
        return False
    from preflight.model.file_types import JOB_SUFFIXES, promised_kind  # only for files and URLs
    from preflight.model.report import Kind
    from preflight.model.target import is_url

    kinds = []
    for each in named:
        if is_url(each) or each.lower().endswith(tuple(JOB_SUFFIXES)):
            kinds.append(None if "--offline" in arguments else promised_kind(each.partition("?")[0]) or Kind.VIDEO)
        else:
            kinds.append(promised_kind(each))
    is_whole_job = any(each.startswith("--video") for each in arguments)
    return kinds.count(Kind.VIDEO) == 1 and (is_whole_job or Kind.IMAGE not in kinds)
