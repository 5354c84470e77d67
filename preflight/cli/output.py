"""Where results go: whole, to standard output or into a file, never half."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preflight.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

PIPED_COLUMNS = 80


def emit(text: str, output: str | None) -> None:
    """Write ``text``, which ends its own last line, to ``output``, or to standard output.

    A reader who has left is no trouble. Raises ``ConfigurationError`` when it cannot be written.
    """
    if output is not None and output != "-":
        _write_file(text, Path(output))
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        raise ConfigurationError(f"cannot write to standard output: {error.strerror}") from error


def discard_output() -> None:
    """Send standard output nowhere from now on: Python would complain at exit about what it still holds."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def require_writable(output: str | None) -> None:
    """Raise ``ConfigurationError`` when ``output`` cannot be written: better known before a job is paid for."""
    if output is None or output == "-" or _is_special(Path(output)):
        return
    temporary = _beside(Path(output))
    temporary.unlink()


def _write_file(text: str, target: Path) -> None:
    try:
        if _is_special(target):  # a pipe or a device is written to; only a file is replaced
            target.write_text(text, "utf-8")
            return
        temporary = _beside(target)
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {target}: {error.strerror}") from error


def _beside(target: Path) -> Path:
    """An empty file in the folder of ``target``, as readable as any new file would be."""
    if not target.name or target.is_dir():
        raise ConfigurationError(f"cannot write {str(target)!r}: not a file")
    import tempfile  # noqa: PLC0415 - standard output needs it not

    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    except OSError as error:
        raise ConfigurationError(f"cannot write {target}: {error.strerror}") from error
    os.close(handle)
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
    return Path(name)


def _is_special(target: Path) -> bool:
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def to_json(value: Mapping[str, Any]) -> str:
    """An indented JSON document. ASCII only: it survives every terminal and every pipe."""
    import json  # noqa: PLC0415 - only for this format

    return json.dumps(value, indent=2) + "\n"


def to_json_lines(values: list[dict[str, Any]]) -> str:
    """One JSON document a line."""
    import json  # noqa: PLC0415 - only for this format

    return "".join(json.dumps(value) + "\n" for value in values)


def to_text(render: Callable[[Console], object], output: str | None) -> str:
    """What ``render`` prints: in colour on a terminal, plain and 80 columns wide elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - 60 ms that JSON need not pay

    plain = output is not None or not sys.stdout.isatty()
    console = Console(
        width=PIPED_COLUMNS if plain else None,
        force_terminal=False if plain else None,
        color_system=None if plain or os.environ.get("NO_COLOR") else "auto",
        highlight=False,
        emoji=False,
    )
    with console.capture() as capture:
        render(console)
    text = capture.get()
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines()) if plain else text
