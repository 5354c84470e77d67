"""Settings: one table of them, read from a file and from the environment, each value with its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.lazy import lazy_names

if TYPE_CHECKING:
    from preflight.settings.files import SettingsFile, find_file, read_file
    from preflight.settings.resolve import Loaded, Origin, load_settings
    from preflight.settings.rule_kinds import PathIgnore
    from preflight.settings.settings import CONFIG_VARIABLE, SETTINGS, Setting, Settings

_HOMES = {
    "preflight.settings.files": ("SettingsFile", "find_file", "read_file"),
    "preflight.settings.resolve": ("Loaded", "Origin", "load_settings"),
    "preflight.settings.rule_kinds": ("PathIgnore",),
    "preflight.settings.settings": ("CONFIG_VARIABLE", "SETTINGS", "Setting", "Settings"),
}

__all__ = [
    "CONFIG_VARIABLE",
    "SETTINGS",
    "Loaded",
    "Origin",
    "PathIgnore",
    "Setting",
    "Settings",
    "SettingsFile",
    "find_file",
    "load_settings",
    "read_file",
]

__getattr__ = lazy_names(globals(), _HOMES)
