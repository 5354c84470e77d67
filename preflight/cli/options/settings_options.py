"""``--config`` and ``--isolated``, and settings as defaults of the options that have their names."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from preflight.cli.printing.terminal import remark
from preflight.errors import ConfigurationError
from preflight.settings import CONFIG_VARIABLE, SETTINGS, Settings

if TYPE_CHECKING:
    from preflight.settings import Loaded

_LOADED = "preflight.settings.loaded"
_ASKED = "preflight.settings.asked"


def settings_of(ctx: click.Context) -> Settings:
    """The settings before the command's own options; the defaults in a command without settings."""
    loaded = loaded_of(ctx)
    return loaded.settings if loaded else Settings()


def loaded_of(ctx: click.Context) -> Loaded | None:
    """The settings with their origins; ``None`` in a command without settings."""
    loaded: Loaded | None = ctx.meta.get(_LOADED)
    return loaded


def is_given(*names: str) -> bool:
    """Whether one of the options is on the command line: values from settings do not count."""
    context = click.get_current_context()
    return any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)


def with_settings(command: click.Command, *, finds: bool = True) -> click.Command:
    """``command``, which takes settings if an option of it or of its subcommands has the name of a setting.

    ``finds`` is whether a settings file that nobody named is searched for.
    """
    if isinstance(command, click.Group):
        for each in command.commands.values():
            with_settings(each, finds=finds)
    elif _settable(command) and not any(param.name == "config" for param in command.params):
        add_options(command, finds=finds)
    return command


def add_options(command: click.Command, *, finds: bool = True) -> click.Command:
    """Give ``command`` ``--config`` and ``--isolated``; ``finds`` as in ``with_settings``."""
    ask = partial(_ask, finds=finds)
    command.params += [
        click.Option(
            ["--config"],
            metavar="FILE",
            envvar=CONFIG_VARIABLE,
            is_eager=True,
            expose_value=False,
            callback=ask,
            help="Use this settings file instead of searching for one." if finds else "Use this settings file.",
        ),
        click.Option(
            ["--isolated"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=ask,
            help="Ignore settings files.",
        ),
    ]
    return command


def _settable(command: click.Command) -> dict[str, str]:
    """The parameters with a setting, by the setting's key."""
    keys = {f"--{setting.key}": setting.key for setting in SETTINGS}
    return {keys[name]: param.name for param in command.params for name in param.opts if name in keys and param.name}


def _ask(ctx: click.Context, param: click.Parameter, value: Any, *, finds: bool) -> None:
    """Both options are eager: the settings are there before any other option looks for its default."""
    asked = ctx.meta.setdefault(_ASKED, {})
    asked[param.name] = (value, ctx.get_parameter_source(param.name or ""))
    if len(asked) < 2 or ctx.resilient_parsing:
        return
    (config, source), (isolated, _) = asked["config"], asked["isolated"]
    if config and isolated and source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--config names a settings file and --isolated allows none: give only one", ctx)
    loaded = _load(config, isolated=isolated or (not finds and not config))
    for warning in loaded.warnings:
        remark(warning)
    ctx.meta[_LOADED] = loaded
    names = _settable(ctx.command)
    ctx.default_map = {
        names[setting.key]: value if isinstance(value, str) else setting.kind.show(value)
        for setting, value in loaded.given()
        if setting.key in names
    }


def _load(config: str | None, *, isolated: bool) -> Loaded:
    from preflight.settings import find_file, load_settings, read_file

    if isolated:
        file = None
    elif config:
        file = read_file(Path(config))
    else:
        try:
            folder = Path.cwd()
        except OSError as error:
            raise ConfigurationError(
                "the working directory does not exist: give --isolated, or --config FILE"
            ) from error
        file = find_file(folder)
    return load_settings(file, os.environ)
