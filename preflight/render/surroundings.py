"""The answers that formats need from the machine and from other rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from preflight.model.frozen import frozen
from preflight.specs import BUILT_IN, Specs

if TYPE_CHECKING:
    from rich.console import Console

    from preflight.model import Report
    from preflight.render.build_servers.locations import SourceTree, ToUtf16
    from preflight.render.texts.excerpts import LineOf


class Pages(Protocol):
    """The files beside that of a result, for one that is split. ``index`` is the name of the result's own file."""

    index: str

    def name(self, number: int) -> str:
        """The name of the file with this number, from 1."""

    def write(self, number: int, pieces: Iterable[str]) -> None:
        """Write it, whole or not at all. Raises ``ConfigurationError``."""


@frozen
class Surroundings:
    """Answers from the machine and from other rooms; only the command line provides them.

    ``lay_out`` returns the text that a function draws on a console. ``next_commands`` returns the commands that repair
    the files of a report. ``tree`` and ``columns`` are for formats that name places in files, ``lines`` for those that
    show them. ``specs`` are the models of jobs. ``about`` returns the version and the URL of the published rule pages.
    ``pages`` is ``None`` where a result does not go to a file.
    """

    lay_out: Callable[[Callable[[Console], object]], str]
    next_commands: Callable[[Report], Iterable[str]]
    tree: Callable[[], SourceTree]
    columns: Callable[[], AbstractContextManager[ToUtf16]]
    lines: Callable[[], AbstractContextManager[LineOf]]
    about: Callable[[], tuple[str, str | None]]
    specs: Specs = BUILT_IN
    pages: Pages | None = None
