"""The output beside a result: remarks, progress on a terminal, log records."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from preflight.cli.printing.guard import Guard, guarded_streams, is_ci, unguarded
from preflight.redact import hide, printable

if TYPE_CHECKING:
    from rich.live import Live
    from rich.spinner import Spinner

_Command = TypeVar("_Command", bound=Callable[..., Any])

_SHOWN_RECORDS = ExitStack()
"""The log records that ``-v`` shows, until the command has ended."""


def remark(text: str) -> None:
    """Print a line on standard error that begins with ``preflight:``."""
    click.echo(f"preflight: {printable(hide(text))}", err=True)


def tell(text: str) -> None:
    """Print a line on standard output that is not a result: progress of a server, written files."""
    click.echo(printable(text))


class ProgressSign:
    """A sign on standard error that something goes on, or nothing at all. Called with a text, it shows that."""

    def __init__(self, shown: tuple[Live, Spinner] | None = None) -> None:
        self._shown = shown

    def __call__(self, text: str) -> None:
        if self._shown is not None:
            from rich.text import Text  # loaded already

            self._shown[1].update(text=Text(text))

    def make_room(self) -> None:
        """Take the sign away for good where a result is about to be written to the same terminal."""
        if self._shown is not None and sys.stdout.isatty():
            self.stop()

    def stop(self) -> None:
        """Take the sign away for good."""
        if self._shown is not None:
            self._shown[0].stop()
            self._shown = None


def tell_beside(text: str) -> None:
    """Print lines on standard error as they are, beside the result: what is asked about, what was repaired."""
    click.echo(text, err=True)


def ask_for_line(question: str) -> str | None:
    """The line that somebody types after ``question``; ``None`` at the end of the input, or where nobody is asked."""
    click.echo(question, nl=False, err=True)
    if isinstance(sys.stderr, Guard) and not sys.stderr.has_reader:
        return None
    line = sys.stdin.readline()
    if not line:
        click.echo("", err=True)
    return line.strip() if line else None


@contextmanager
def progress(message: str, *, hidden: bool = False) -> Iterator[ProgressSign]:
    """A spinner with ``message`` while the body runs."""
    if hidden or not sys.stderr.isatty() or is_ci(os.environ):  # a log cannot show a spinner
        yield ProgressSign()
        return
    from rich.live import Live  # only on a terminal
    from rich.spinner import Spinner
    from rich.text import Text

    from preflight.cli.printing.console import TextConsole

    # A spinner takes strings for markup, whatever its console says: it is only given texts.
    spinner = Spinner("dots", text=Text(message), style="status.spinner")
    console = TextConsole(file=unguarded(sys.stderr))
    # Standard output is another file, or has its room made: rich would write it here, broken at the width.
    live = Live(spinner, console=console, refresh_per_second=12.5, transient=True, redirect_stdout=False)
    with live, guarded_streams():
        yield ProgressSign((live, spinner))


def verbose_option(command: _Command) -> _Command:
    """``-v``, counted. The command itself does not see it."""
    return click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        is_eager=True,
        show_default=False,
        callback=_turned_on,
        help="Log requests to standard error (-vv for details).",
    )(command)


def _turned_on(ctx: click.Context, _: click.Parameter, count: int) -> None:
    if count > 0 and not ctx.resilient_parsing:
        from preflight.cli.printing.log_records import shown_records  # logging takes time to load

        _SHOWN_RECORDS.enter_context(shown_records(count))


def silence() -> None:
    """End ``-v``. A click context would not, for a command that ended while its options were read."""
    _SHOWN_RECORDS.close()
