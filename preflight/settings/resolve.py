"""Resolves settings: the environment overrides the file, the file overrides the defaults."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from typing import Any, Final

from preflight.errors import ConfigurationError
from preflight.model.named_tuple import NamedTuple
from preflight.redact import redact
from preflight.redact.suggestion import suggestion
from preflight.settings.files import SettingsFile
from preflight.settings.kinds import Choice, Unfit
from preflight.settings.settings import CONFIG_VARIABLE, SETTINGS, Setting, Settings

_BY_KEY: Final = {setting.key: setting for setting in SETTINGS}
_OTHER_VARIABLES: Final = (CONFIG_VARIABLE, "PREFLIGHT_API_KEY", "PREFLIGHT_API_KEY_FILE")
_SPECS: Final = "PREFLIGHT_SPECS"
_SECRETS: Final = frozenset({"key", "apikey", "token", "secret", "password", "keyfile", "apikeyfile"})


class Origin(NamedTuple):
    """Where a value comes from: ``kind`` is ``environment``, ``file`` or ``default``."""

    kind: str
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.kind == "default":
            return "default"
        return f"{self.name}:{self.line}" if self.line else self.name


class Loaded(NamedTuple):
    """The settings, the origin of each by key, and remarks for people on ignored input."""

    settings: Settings
    origins: Mapping[str, Origin]
    file: SettingsFile | None
    warnings: tuple[str, ...] = ()

    def given(self) -> Iterator[tuple[Setting, Any]]:
        """The settings from a file or the environment, with their values."""
        for setting in SETTINGS:
            if self.origins[setting.key].kind != "default":
                yield setting, getattr(self.settings, setting.name)


def load_settings(file: SettingsFile | None, environment: Mapping[str, str]) -> Loaded:
    """The settings from ``file`` and ``environment``. An empty variable counts as unset.

    Raises ``ConfigurationError`` for an unknown key, and for a value that a setting cannot have.
    """
    values: dict[str, Any] = {}
    origins = {setting.key: Origin("default") for setting in SETTINGS}
    has_specs = bool(environment.get(_SPECS, "").strip()) or (
        file is not None and not file.found and "specs" in file.values
    )
    if file is not None:
        for key, value in file.values.items():
            setting = _known(key, file)
            values[setting.name] = _in_file(setting, value, file, has_specs=has_specs)
            origins[key] = Origin("file", str(file.path), file.lines.get((key,)))
    for setting in SETTINGS:
        if setting.envvar and (text := environment.get(setting.envvar, "").strip()):
            values[setting.name] = _in_variable(setting, text, has_specs=has_specs)
            origins[setting.key] = Origin("environment", setting.envvar)
    return Loaded(settings=Settings(**values), origins=origins, file=file, warnings=tuple(_unknown(environment)))


def _known(key: str, file: SettingsFile) -> Setting:
    if key in _BY_KEY:
        return _BY_KEY[key]
    if key.lower().replace("-", "").replace("_", "") in _SECRETS:
        raise file.error(
            "not a setting: the API key does not belong in a file that is shared. "
            "Use the variable PREFLIGHT_API_KEY, or --key-file FILE",
            key,
        )
    hyphened = key.replace("_", "-").lower()
    raise file.error(
        f"no such setting{suggestion(hyphened, _BY_KEY, otherwise='; preflight settings lists them')}", key
    )


def _in_file(setting: Setting, value: Any, file: SettingsFile, *, has_specs: bool) -> Any:
    if has_specs and _is_open(setting, value):
        return value
    try:
        read = setting.kind.read(value)
    except Unfit as error:
        inner = next((name for name in value if str(error).find(name) >= 0), "") if isinstance(value, dict) else ""
        raise file.error(str(error), setting.key, *([inner] if inner else [])) from None
    if file.found:
        read = _trusted(setting, read, file)
    if setting.in_file:
        return os.path.normpath(file.path.parent / os.path.expanduser(read))  # noqa: PTH111 - a Path cannot normalise
    return read


def _is_open(setting: Setting, value: Any) -> bool:
    """Whether a model from outside may have the value; the command that uses it knows the models."""
    return isinstance(setting.kind, Choice) and setting.kind.open_to_others and isinstance(value, str)


def _in_variable(setting: Setting, text: str, *, has_specs: bool) -> Any:
    if has_specs and _is_open(setting, text):
        return text
    try:
        read = setting.kind.parse(text)
    except Unfit as error:
        raise ConfigurationError(redact(f"{setting.envvar}: {error}")) from None
    return os.path.expanduser(read) if setting.in_file else read  # noqa: PTH111 - the path stays as written


def _trusted(setting: Setting, read: Any, file: SettingsFile) -> Any:
    """The part of a value that holds in a file that came with the folder."""
    try:
        return setting.found.take(read)
    except Unfit as error:
        ways = (
            f"--{setting.key}" if setting.found.option else None,
            setting.envvar,
            "--config FILE to trust this file",
        )
        raise file.error(
            f"{error}, and this file came with the folder: use {', or '.join(way for way in ways if way)}; "
            "--isolated ignores the file",
            setting.key,
        ) from None


def _unknown(environment: Mapping[str, str]) -> Iterator[str]:
    """Remarks on variables that look like a misspelt setting; other variables may belong to another program."""
    known = [*_OTHER_VARIABLES, *(setting.envvar for setting in SETTINGS if setting.envvar)]
    for name in environment:
        if name.startswith("PREFLIGHT_") and name not in known and (hint := suggestion(name, known, cutoff=0.85)):
            yield redact(f"{name} is not a setting{hint}")
