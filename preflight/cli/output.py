"""Writes a result to standard output or into a file, whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from preflight.cli.guard import is_ci, unguarded, without_commands, write_text
from preflight.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

_TRAILING_BLANKS = r"(?m) +$"
"""Those with which a layout fills a line."""
PIPED_COLUMNS = 80


def emit(text: str, output: str | None, *, commands: bool = False) -> None:
    """Write ``text``, which is printable and ends with a line break, to ``output``, or to standard output.

    ``commands`` lets its commands to a build server pass. A closed pipe is not an error. Raises
    ``ConfigurationError`` when the text cannot be written.
    """
    if not commands and is_ci(os.environ):
        text = without_commands(text)
    if output is not None and output != "-":
        _write_file(text, output)
        return
    try:
        write_text(unguarded(sys.stdout), text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        raise ConfigurationError(f"cannot write to standard output: {error.strerror}") from error


def discard_output() -> None:
    """Discard standard output from now on: at exit Python would report the text that is still buffered."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def require_writable(output: str | None) -> None:
    """Raise ``ConfigurationError`` when ``output`` cannot be written: the user must know before paying for a job."""
    if output is None or output == "-" or _is_special(Path(output)):
        return
    _beside(_destination(output)).unlink()


def _write_file(text: str, output: str) -> None:
    target = Path(output)
    try:
        if _is_special(target):
            _write_through(text, target)
            return
        target = _destination(output)
        temporary = _beside(target)
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except BrokenPipeError:
        return
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error


def _destination(output: str) -> Path:
    """The file itself, where ``output`` is a link to it: the link stays a link."""
    if not output or "\0" in output:
        raise ConfigurationError(f"cannot write {output!r}: not a file")
    target = Path(os.path.realpath(output))
    try:
        is_folder = output.endswith(("/", os.sep)) or target.is_dir()
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error
    if is_folder:
        raise ConfigurationError(f"cannot write {output!r}: a folder, not a file")
    return target


def _beside(target: Path) -> Path:
    """An empty file in the folder of ``target``, with its permissions; the usual ones for a new ``target``."""
    temporary = target.with_name(f".preflight-{os.urandom(8).hex()}")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        with suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise ConfigurationError(f"cannot write {target}: {error.strerror}") from error
    return temporary


def _is_special(target: Path) -> bool:
    """Whether ``target`` is written to rather than replaced: a pipe, a device, a stream of this process."""
    try:
        mode = target.stat().st_mode
    except (OSError, ValueError):
        return False
    if stat.S_ISDIR(mode):
        return False
    # /dev/stdout leads to a file where the shell redirects it to one, but must not be replaced.
    return not stat.S_ISREG(mode) or target.absolute().parts[:2] in ((os.sep, "dev"), (os.sep, "proc"))


def _write_through(text: str, target: Path) -> None:
    """Write to the stream that is open at ``target``, if there is one, as if it were written to directly."""
    for stream in (sys.stdout, sys.stderr):
        if _leads_to(target, stream):
            write_text(unguarded(stream), text)
            stream.flush()
            return
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _leads_to(target: Path, stream: TextIO) -> bool:
    try:
        return os.path.samestat(target.stat(), os.fstat(stream.fileno()))
    except (OSError, ValueError):
        return False


def to_text(render: Callable[[Console], object], output: str | None) -> str:
    """The output of ``render``: in colour on a terminal, plain and 80 columns wide elsewhere."""
    from preflight.cli.console import TextConsole  # noqa: PLC0415 - 60 ms that JSON does not need

    plain = output is not None or not sys.stdout.isatty()
    printed = StringIO()
    console = TextConsole(
        file=printed if plain else None,  # for a terminal, rich reads colours and width
        width=PIPED_COLUMNS if plain else None,
        force_terminal=False if plain else None,
        color_system=None if plain or os.environ.get("NO_COLOR") else "auto",
    )
    if plain:
        render(console)
        return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
    with console.capture() as capture:
        render(console)
    return re.sub(_TRAILING_BLANKS, "", capture.get())
