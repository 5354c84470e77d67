"""Words for usage errors: the usage of the command, the error on one line, and what was probably meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

import click
from click.exceptions import BadOptionUsage, MissingParameter, NoSuchOption

from preflight.model.shell_argument import path_argument
from preflight.redact import hide, printable
from preflight.redact.suggestion import close_words, suggestion

_KEYS_ARE_NO_ARGUMENTS = (
    "a key is never an argument, since other users can see those: "
    "set PREFLIGHT_API_KEY, or name the file that holds it with --key-file"
)
_KEY_OPTION = re.compile(
    r"--?(?:api[-_]?)?(?:key|token|secret|password|auth)|--?(?:access|bearer|auth)[-_]?(?:key|token)"
)
_KEY = re.compile(r"(?<![\w-])[sr]k-[\w-]+")
_MEANT = {
    "--json": "--format json",
    "--jsonl": "--format jsonl",
    "--sarif": "--format sarif",
    "--junit": "--format junit",
    "--github": "--format github",
    "--text": "--format text",
    "--debug": "-vv",
    "--silent": "--quiet",
    "--color": "FORCE_COLOR=1 before the command",
    "--no-color": "NO_COLOR=1 before the command",
    "--nocolor": "NO_COLOR=1 before the command",
    "--url": "--api-url",
    "--budget": "--max-credits",
    "--max-cost": "--max-credits",
    "--max-price": "--max-credits",
    "--resolution": "--mode",
    "--quality": "--mode",
    "-o": "--output",
    "-f": "--format",
    "-y": "--yes",
    "-m": "--mode",
    "-i": "--image",
    "-p": "--prompt",
}
"""What other programs call an option of ours."""
_NO_COMMAND = re.compile(r"No such command '(.*?)'\.", re.DOTALL)
"""What click says of a command that a group does not have."""
_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)\Z", re.DOTALL)
_FILE_NAME = re.compile(r"-.*(?:[/\\]|\.\w{1,5}\Z).*", re.DOTALL)
"""A word that begins like an option and goes on like a path: it has a suffix or a separator."""
_VERSIONS = frozenset({"-V", "--version", "--Version", "-version", "version"})


class ListedChoices(click.UsageError):
    """A value that is none of many: ``choices`` are listed below the message, which stays one line."""

    def __init__(self, message: str, choices: Iterable[str]) -> None:
        super().__init__(message)
        self.choices = tuple(choices)


def usage_of(error: click.ClickException, arguments: Sequence[str]) -> str:
    """The usage of a command, then the error on one line. ``arguments`` are those of the whole command line."""
    lines = []
    if isinstance(error, click.UsageError) and error.ctx is not None:
        lines += [error.ctx.get_usage(), f"Try '{error.ctx.command_path} --help' for help.", ""]
    message = _advised(error, arguments)
    below = error.choices if isinstance(error, ListedChoices) else ()
    listed = wrap(", ".join(below), 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join([*lines, f"preflight: {printable(hide(message))}", *listed])


def _advised(error: click.ClickException, arguments: Sequence[str]) -> str:
    message = _said(error)
    if isinstance(error, NoSuchOption):
        return _no_such_option(error, arguments)
    if (said := _NO_COMMAND.match(message)) and isinstance(error, click.UsageError) and error.ctx is not None:
        group = error.ctx.command
        known = group.list_commands(error.ctx) if isinstance(group, click.Group) else ()
        message = f"unknown command {said[1]!r}{_check_of(said[1], error.ctx) or suggestion(said[1], known)}"
    if isinstance(error, click.UsageError) and _KEY.search(message):
        return f"{_KEY.sub('…', message)}; {_KEYS_ARE_NO_ARGUMENTS}"
    return message


def _check_of(word: str, context: click.Context) -> str:
    """The command that checks ``word`` where the user named a file in place of a command of preflight."""
    if context.parent is not None or not os.path.lexists(word):
        return ""
    return f"; to check it: preflight check {path_argument(word)}"


def _said(error: click.ClickException) -> str:
    """What ``error`` says, in our words: what was found, what is allowed, what to do."""
    match error:
        case MissingParameter(param=click.Option() as option):
            return f"{_name_of(option)} is missing: add {_usage_of_option(option)}"
        case MissingParameter(param=click.Argument() as argument):
            return f"{_name_of(argument)} is missing: write it after the command"
        case click.BadParameter(param_hint=str() as name):
            return f"{name}: {error.message}"
        case click.BadParameter(param=click.Parameter() as parameter):
            return f"{_name_of(parameter)}: {error.message}"
        case BadOptionUsage(option_name=str() as name):
            return _option_alone(name, error)
    message = error.format_message()
    if found := _EXTRA.match(message):
        context = error.ctx if isinstance(error, click.UsageError) else None
        takes = [_name_of(each) for each in _parameters(context) if isinstance(each, click.Argument)]
        what = f"only {' '.join(takes)}" if takes else "no arguments"
        return f"unexpected argument {found[1]!r}: this command takes {what}"
    return message


def _option_alone(name: str, error: BadOptionUsage) -> str:
    option = next((each for each in _parameters(error.ctx) if name in (*each.opts, *each.secondary_opts)), None)
    if not isinstance(option, click.Option):
        return error.message
    if option.is_flag or option.count:
        return f"{name} takes no value: write {name} alone"
    return f"{name} needs a value: write {_usage_of_option(option, name)}"


def _usage_of_option(option: click.Option, name: str = "") -> str:
    context = click.Context(click.Command(None))
    return f"{name or max(option.opts, key=len)} {option.make_metavar(context)}".rstrip()


def _name_of(parameter: click.Parameter) -> str:
    """An option as it is typed, an argument as the usage shows it."""
    if isinstance(parameter, click.Argument):
        return parameter.make_metavar(click.Context(click.Command(None))).strip("[].")
    return max(parameter.opts, key=len)


def _no_such_option(error: NoSuchOption, arguments: Sequence[str]) -> str:
    name = error.option_name
    typed = next(_typed_as(name, arguments), name)
    said = f"no such option {typed!r}"
    if _KEY_OPTION.fullmatch(typed.lower()):
        return f"{said}; {_KEYS_ARE_NO_ARGUMENTS}"
    if typed in _VERSIONS:
        return f"{said} here; did you mean 'preflight --version'?"
    known = list(_options(error.ctx))
    meant = _MEANT.get(typed.lower() if typed.startswith("--") else typed)
    if meant is not None and (not meant.startswith("-") or meant.partition(" ")[0] in known):
        return f"{said}; did you mean {meant}?"
    if typed != name and (close := close_words(f"-{typed}".lower(), known, cutoff=0.8)):
        return f"{said}; did you mean {close[0]!r}?"
    if error.ctx is not None and error.ctx.parent is None and not error.possibilities:
        return f"{said} here; options come after the command, as in 'preflight check --offline job.yaml'"
    if _FILE_NAME.fullmatch(typed):
        return f"{said}; for a file of that name, write {f'./{typed}'!r}"
    return f"{said}{suggestion(typed, known)}"


def _typed_as(name: str, arguments: Sequence[str]) -> Iterator[str]:
    """The words that were typed where click reads the short option ``name``: it takes ``-version`` apart."""
    if not name.startswith("--"):
        for argument in arguments:
            word = argument.partition("=")[0]
            if word.startswith("-") and not word.startswith("--") and name[1:] in word[1:]:
                yield word


def _options(context: click.Context | None) -> Iterator[str]:
    for parameter in _parameters(context):
        yield from (*parameter.opts, *parameter.secondary_opts)


def _parameters(context: click.Context | None) -> Sequence[click.Parameter]:
    return () if context is None else context.command.get_params(context)
