"""Where results go: whole, to standard output or into a file, never half."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preflight.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

PIPED_COLUMNS = 80


def emit(text: str, output: str | None) -> None:
    """Write ``text``, which ends its own last line, to ``output``, or to standard output."""
    if output is None or output == "-":
        click.echo(text, nl=False)
        return
    target = Path(output)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).replace(target)
    except OSError as error:
        with suppress(OSError):
            Path(name).unlink()
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error


def to_json(value: Mapping[str, Any]) -> str:
    """An indented JSON document. ASCII only: it survives every terminal and every pipe."""
    return json.dumps(value, indent=2) + "\n"


def to_json_lines(values: list[dict[str, Any]]) -> str:
    """One JSON document a line."""
    return "".join(json.dumps(value) + "\n" for value in values)


def to_text(render: Callable[[Console], object], output: str | None) -> str:
    """What ``render`` prints: in colour on a terminal, plain and 80 columns wide elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - 60 ms that JSON need not pay

    plain = output is not None or not sys.stdout.isatty()
    console = Console(
        width=PIPED_COLUMNS if plain else None, force_terminal=False if plain else None, highlight=False, emoji=False
    )
    with console.capture() as capture:
        render(console)
    text = capture.get()
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines()) if plain else text
