"""The JSON Schema of a settings file, made from the table of settings."""

from __future__ import annotations

from typing import Any

from preflight.settings.settings import SETTINGS, Setting

_DIALECT = "http://json-schema.org/draft-07/schema#"
"""The draft that editors of TOML support."""


def settings_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of ``preflight.toml``, and of ``[tool.preflight]``."""
    return {
        "$schema": _DIALECT,
        "title": "Settings of preflight",
        "type": "object",
        "properties": {setting.key: _property(setting) for setting in SETTINGS},
        "additionalProperties": False,
    }


def _property(setting: Setting) -> dict[str, Any]:
    schema = {"description": setting.help.replace("`", ""), **setting.kind.schema()}
    if setting.default is not None:
        schema["default"] = setting.kind.show(setting.default)
    return schema
