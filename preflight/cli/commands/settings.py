"""``preflight settings``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preflight.cli.output import emit, to_json, to_text
from preflight.cli.settings_options import add_options, loaded_of
from preflight.redact import printable
from preflight.settings import SETTINGS, Loaded, Origin, Setting

if TYPE_CHECKING:
    from rich.console import Console


@click.command("settings")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="How to say it.")
@click.option("--output", metavar="FILE", help="Write to a file instead of standard output.")
@click.pass_context
def command(ctx: click.Context, *, format_: str, output: str | None) -> int:
    """Show every setting, its value, and where that comes from.

    The API key is no setting: it comes from PREFLIGHT_API_KEY, or from a file named by --key-file.

    \b
    preflight settings
    PREFLIGHT_MODE=1080p preflight settings --format json
    """
    loaded = loaded_of(ctx)
    assert loaded is not None, "the options below load them"
    emit(to_json(_object(loaded)) if format_ == "json" else to_text(partial(_render, loaded), output), output)
    return 0


add_options(command)


def _object(loaded: Loaded) -> dict[str, Any]:
    return {
        "schema": "preflight.settings/v1",
        "file": str(loaded.file.path) if loaded.file else None,
        "settings": [
            {
                "key": setting.key,
                "value": _value(setting, loaded),
                "origin": loaded.origins[setting.key].kind,
                "name": loaded.origins[setting.key].name or None,
                "line": loaded.origins[setting.key].line,
                "variable": setting.envvar,
            }
            for setting in SETTINGS
        ],
    }


def _value(setting: Setting, loaded: Loaded) -> Any:
    value = getattr(loaded.settings, setting.name)
    return None if value is None else setting.kind.show(value)


def _render(loaded: Loaded, console: Console) -> None:
    from rich.table import Table  # noqa: PLC0415 - only for text
    from rich.text import Text  # noqa: PLC0415 - the same

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("setting", no_wrap=True, style="bold")
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for setting in SETTINGS:
        origin = loaded.origins[setting.key]
        style = "dim" if origin.kind == "default" else ""
        table.add_row(setting.key, Text(_said(setting, loaded), style), Text(_place(origin), style))
    console.print(table)


def _said(setting: Setting, loaded: Loaded) -> str:
    """A value in words for people."""
    match _value(setting, loaded):
        case None:
            return setting.unset
        case bool() as value:
            return "yes" if value else "no"
        case list() as value:
            return printable(", ".join(value)) or "–"
        case dict() as value:
            pairs = (f"{key} = {', '.join(each) if isinstance(each, list) else each}" for key, each in value.items())
            return printable("; ".join(pairs)) or "–"
        case value:
            return printable(str(value))


def _place(origin: Origin) -> str:
    """An origin with its file as seen from here."""
    if origin.kind != "file":
        return str(origin)
    path = Path(origin.name)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return printable(str(origin._replace(name=str(shown))))
