"""Renders the rules and the current settings: tables for people, objects for programs."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from preflight.redact import hide, printable
from preflight.render.tabular.spec_tables import where_pages_are
from preflight.rules import RULES
from preflight.rules.pages import help_of
from preflight.settings import SETTINGS, Loaded, Origin, Setting
from preflight.specs import load_spec


def rules_object() -> dict[str, Any]:
    """``rules``: every rule, with the page that explains it."""
    rows = [
        {
            "rule": rule.id,
            "area": rule.area.value,
            "severity": rule.severity.label,
            "summary": rule.summary,
            "origin": rule.origin,
            "source": rule.source_text,
            "since": help_of(rule.id).since,
            "page": help_of(rule.id).url,
        }
        for rule in RULES
    ]
    return {"schema": "preflight.rules/v1", "rules": rows}


def render_rules(console: Console) -> None:
    """Every rule, by area."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("rule", no_wrap=True, style="bold")
    table.add_column("severity", no_wrap=True)
    table.add_column("source", no_wrap=True)
    table.add_column("what it reports")
    for area, rules in groupby(RULES, key=lambda rule: rule.area):
        if table.row_count:
            table.add_row()
        table.add_row(Text(area.value, style="dim not bold"))
        for rule in rules:
            source = rule.source if rule.origin == "API page" else rule.origin
            table.add_row(f"  {rule.id}", rule.severity.label, source, rule.summary)
    console.print(table)
    console.print()
    spec = load_spec()
    for line in (
        f"{where_pages_are(spec)} 'preflight rules --model {spec.model}' shows its limits, each with its line.",
        "advisory is a limit that similar services state, preflight a check of its own.",
        "'preflight explain RULE' explains a rule.",
    ):
        console.print(Text(line), style="dim")


def settings_object(loaded: Loaded) -> dict[str, Any]:
    """``settings``: every setting, with its value and the origin of the value."""
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


def render_settings(loaded: Loaded, folder: str, console: Console) -> None:
    """A line a setting; paths of files are relative to ``folder``."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("setting", no_wrap=True, style="bold")
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for setting in SETTINGS:
        origin = loaded.origins[setting.key]
        style = "dim" if origin.kind == "default" else ""
        table.add_row(setting.key, Text(_words(setting, loaded), style), Text(_place(origin, folder), style))
    console.print(table)


def _value(setting: Setting, loaded: Loaded) -> Any:
    value = getattr(loaded.settings, setting.name)
    shown = None if value is None else setting.kind.show(value)
    return hide(shown) if isinstance(shown, str) else shown


def _words(setting: Setting, loaded: Loaded) -> str:
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


def _place(origin: Origin, folder: str) -> str:
    if origin.kind != "file":
        return str(origin)
    path = Path(origin.name)
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    return printable(str(origin._replace(name=str(shown))))
