"""Settings: one table of them, read from a file and from the environment, each value with its origin."""

from preflight.settings.files import SettingsFile, find_file, read_file
from preflight.settings.resolve import Loaded, Origin, load_settings
from preflight.settings.rule_kinds import PathIgnore
from preflight.settings.settings import CONFIG_VARIABLE, SETTINGS, Setting, Settings

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
