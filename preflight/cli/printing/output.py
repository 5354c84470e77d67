"""Writes a result to standard output or into a file, whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from preflight.cli.printing.guard import discard, is_ci, unguarded, without_commands, write_text
from preflight.cli.printing.terminal import remark
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
    sink = Sink(output, commands=commands)
    try:
        sink.write(text)
        sink.finish()
    finally:
        sink.discard()


def write_picture(data: bytes, output: str) -> None:
    """Write ``data`` into the file ``output``, whole or not at all. Raises ``ConfigurationError``."""
    target = _destination(output)
    temporary = _beside(target)
    try:
        temporary.write_bytes(data)
        temporary.replace(target)
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


class Sink:
    """Where the pieces of one result go: standard output, or a file that is complete or absent.

    Each piece is printable, ends with a line break, and is written at once. ``commands`` lets its commands to a build
    server pass. A closed pipe is not an error. Raises ``ConfigurationError`` when a piece cannot be written.
    """

    def __init__(self, output: str | None, *, commands: bool = False) -> None:
        self.commands = commands
        self._guard = not commands and is_ci(os.environ)
        self._output = None if output in (None, "-") else output
        self._target: Path | None = None
        self._temporary: Path | None = None
        self._file: TextIO | None = None
        self._is_closed = False

    def write(self, text: str) -> None:
        """Write one piece."""
        if not text or self._is_closed:
            return
        text = without_commands(text) if self._guard else text
        try:
            if self._output is None:
                write_text(unguarded(sys.stdout), text)
                sys.stdout.flush()
            else:
                self._opened(self._output).write(text)
        except BrokenPipeError:
            self._is_closed = True
            if self._output is None:
                discard_output()
        except OSError as error:
            self._is_closed = True
            if self._output is None:
                discard_output()
            raise ConfigurationError(f"cannot write {self._name()}: {error.strerror}") from error

    def finish(self) -> None:
        """Give the file its name."""
        try:
            if self._output is not None and not self._is_closed:
                self._opened(self._output)
            self._close()
            if self._temporary is not None and self._target is not None and not self._is_closed:
                self._temporary.replace(self._target)
                self._temporary = None
        except OSError as error:
            raise ConfigurationError(f"cannot write {self._name()}: {error.strerror}") from error
        finally:
            self.discard()

    def keep_part(self) -> str | None:
        """Keep the pieces of a result that will not be complete, beside its file; the name of that, if there is one."""
        self._close()
        if self._temporary is None or self._target is None or not self._temporary.stat().st_size:
            self.discard()
            return None
        part = self._target.with_name(f"{self._target.name}.part")
        with suppress(OSError):
            self._temporary.replace(part)
            self._temporary = None
            return str(part)
        self.discard()
        return None

    def discard(self) -> None:
        """Leave nothing of a file that is not complete."""
        self._close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None

    def _opened(self, output: str) -> TextIO:
        if self._file is None:
            target = Path(output)
            if _is_special(target):
                self._file = _stream_at(target) or _written_to(target)
            else:
                self._target = _destination(output)
                self._temporary = _beside(self._target)
                self._file = self._temporary.open("w", encoding="utf-8", newline="\n")
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None or file in (unguarded(sys.stdout), unguarded(sys.stderr)):
            return
        try:
            file.close()
        except BrokenPipeError:
            self._is_closed = True
        except OSError as error:
            self._is_closed = True
            raise ConfigurationError(f"cannot write {self._name()}: {error.strerror}") from error

    def _name(self) -> str:
        return "to standard output" if self._output is None else self._output


def discard_output() -> None:
    """Discard standard output from now on."""
    discard(sys.stdout)


def require_writable(output: str | None) -> None:
    """Raise ``ConfigurationError`` when ``output`` cannot be written: the user must know before paying for a job."""
    if output is None or output == "-" or _is_special(Path(output)):
        return
    _beside(_destination(output)).unlink()


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


def _written_to(target: Path) -> TextIO:
    """``target`` opened for writing. A named pipe opens only once a program reads it: the user is told of the wait."""
    if hasattr(os, "mkfifo") and stat.S_ISFIFO(target.stat().st_mode):
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            remark(f"waiting for a program that reads the named pipe {target}")
        else:
            os.set_blocking(descriptor, True)
            return os.fdopen(descriptor, "w", encoding="utf-8", newline="\n", buffering=1)
    return target.open("w", encoding="utf-8", newline="\n", buffering=1)


def _stream_at(target: Path) -> TextIO | None:
    """The stream of this process that is open at ``target``, to be written to as if directly."""
    return next((unguarded(stream) for stream in (sys.stdout, sys.stderr) if _leads_to(target, stream)), None)


def _leads_to(target: Path, stream: TextIO) -> bool:
    try:
        return os.path.samestat(target.stat(), os.fstat(stream.fileno()))
    except (OSError, ValueError):
        return False


class _Printed(StringIO):
    """Text for a stream of this encoding: a layout asks for it."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typed as writable, and is not
        return self._encoding


def _laid_out(render: Callable[[Console], object], printed: _Printed, columns: int = PIPED_COLUMNS) -> str:
    from preflight.cli.printing.plain_console import PlainConsole  # JSON needs no layout

    render(cast("Console", PlainConsole(printed, columns)))
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())


def to_text_beside(render: Callable[[Console], object]) -> str:
    """The output of ``render`` for standard error: as wide as its terminal. The guard would escape colours."""
    printed = _Printed(sys.stderr.encoding or "ascii")
    return _laid_out(render, printed, _columns_of(sys.stderr) if sys.stderr.isatty() else PIPED_COLUMNS)


def _columns_of(terminal: TextIO) -> int:
    """The width of a terminal, as ``rich`` sees it: the variable comes first."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given):
        return int(given)
    with suppress(OSError, ValueError):
        return os.get_terminal_size(terminal.fileno()).columns or PIPED_COLUMNS
    return PIPED_COLUMNS


def to_text(render: Callable[[Console], object], output: str | None) -> str:
    """The output of ``render``: in colour on a terminal, plain and 80 columns wide elsewhere."""
    if output is not None or not sys.stdout.isatty():
        return _laid_out(render, _Printed("utf-8" if output is not None else sys.stdout.encoding or "ascii"))
    from preflight.cli.printing.console import TextConsole  # 60 ms that JSON does not need

    # For a terminal, rich reads colours and width.
    console = TextConsole(color_system=None if os.environ.get("NO_COLOR") else "auto")
    with console.capture() as capture:
        render(console)
    return re.sub(_TRAILING_BLANKS, "", capture.get())
