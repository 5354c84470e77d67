"""Runs a command: turns errors into exit codes, and shows a traceback for bugs only."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import click
from click.exceptions import NoArgsIsHelpError

from preflight.cli import head_start
from preflight.cli.app import commands
from preflight.cli.exit_codes import Exit
from preflight.cli.printing.guard import guarded_streams
from preflight.cli.printing.output import discard_output
from preflight.cli.printing.terminal import silence
from preflight.errors import (
    ApiError,
    BalanceTooLow,
    ConfigurationError,
    NotSubmitted,
    OutcomeUnknown,
    OverBudget,
    PreflightError,
    StillUnknown,
    TaskFailed,
    WaitTimeout,
)
from preflight.redact import hide, printable, remember
from preflight.redact.advice import for_command

_CODES: tuple[tuple[type[PreflightError], Exit], ...] = (
    (ConfigurationError, Exit.USAGE),
    (OutcomeUnknown, Exit.OUTCOME_UNKNOWN),
    (ApiError, Exit.API),
    (TaskFailed, Exit.API),
    (WaitTimeout, Exit.INDETERMINATE),
    (StillUnknown, Exit.OUTCOME_UNKNOWN),
    (OverBudget, Exit.OVER_BUDGET),
    (BalanceTooLow, Exit.API),  # as the service's own refusal of it
    (NotSubmitted, Exit.FAIL),
    (PreflightError, Exit.INDETERMINATE),
)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of writing to a stream on a full or broken disk: such an error names no file."""

_COMPLETING = "_PREFLIGHT_COMPLETE"

_UNKNOWN = """\
The outcome is unknown: the job may have been accepted and charged. It is not sent again, and counts against the
budget, until you settle it: preflight ledger resolve {entry}"""


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of ``preflight`` with these arguments (without them: the process's own)."""
    _open_closed_streams()
    remember_secrets(os.environ)
    # For completion, the shell reads bytes by click's own protocol, and only names that we know.
    with nullcontext() if _COMPLETING in os.environ else guarded_streams():
        try:
            return _run(arguments)
        finally:
            head_start.end()
            silence()


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = commands.main(
            args=arguments,
            prog_name="preflight",
            standalone_mode=False,
            color=False if os.environ.get("NO_COLOR") else None,
        )
        sys.stdout.flush()
    except NoArgsIsHelpError as error:  # a group without a command: its help is no message of somebody else's
        _say(error.format_message())
        return Exit.USAGE
    except click.ClickException as error:  # usage errors among them
        from preflight.cli.help.usage_errors import usage_of  # only for them

        _say(usage_of(error, sys.argv[1:] if arguments is None else arguments))
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt) as error:
        _say(_interrupted(error))
        return Exit.INTERRUPTED
    except SystemExit:
        # click exits by itself when the reader of its help closes the pipe: that is not an error.
        discard_output()
        return Exit.PASS
    except PreflightError as error:
        _say(f"preflight: {printable(hide('; '.join((for_command(error), *getattr(error, '__notes__', ())))))}")
        if isinstance(error, OutcomeUnknown):
            _say(_UNKNOWN.format(entry="ENTRY" if error.entry_id is None else error.entry_id))
        return next(code for kind, code in _CODES if isinstance(error, kind))
    except Exception as error:  # noqa: BLE001 - any other exception is a bug, and is reported as one
        lack = _lack(error)
        if lack is not None:
            _say(f"preflight: {lack}")
            return Exit.USAGE
        import traceback  # only for a bug

        with suppress(OSError, MemoryError):
            traceback.print_exc()
        _say("preflight: this is a bug in preflight; the lines above say where")
        return Exit.BUG
    return code if isinstance(code, int) else Exit.PASS


def _lack(error: Exception) -> str | None:
    """What the system does not have for us, in words, where ``error`` comes of that."""
    if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
        discard_output()
        return f"cannot write to standard output: {error.strerror}"
    from preflight.runs.engines.out_of_memory import is_out_of_memory  # only for what seems a bug

    if is_out_of_memory(error):
        return "no memory is left, or a limit on it is too low: free some and run the same command again"
    return None


def _say(text: str) -> None:
    """A line on standard error. If that fails too, the exit code must be enough."""
    with suppress(OSError, MemoryError):
        click.echo(text, err=True)


def _interrupted(error: BaseException) -> str:
    """One line, with the next step where a note gives one. A terminal has shown ``^C`` before it."""
    notes = getattr(error.__cause__ or error, "__notes__", ())
    return ("\n" if sys.stderr.isatty() else "") + printable("; ".join(("interrupted", *notes)))


def remember_secrets(environment: Mapping[str, str]) -> None:
    """Hide the secrets of the environment in every text: the key, and the passwords of proxies."""
    proxies = [value for name, value in environment.items() if name.lower().endswith("_proxy")]
    users = [value.rpartition("@")[0].rpartition("/")[2] for value in proxies]
    remember(environment.get("PREFLIGHT_API_KEY", "").strip(), *users, *(user.partition(":")[2] for user in users))


def _open_closed_streams() -> None:
    """Replace a standard stream that the caller closed, ``None`` in Python, by one that discards its text."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
