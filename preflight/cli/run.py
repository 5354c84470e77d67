"""Running a command: errors to exit codes, and never a traceback for what is not a bug."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from preflight.cli.exits import Exit
from preflight.cli.group import commands
from preflight.errors import (
    ApiError,
    ConfigurationError,
    NotSubmitted,
    OutcomeUnknown,
    PreflightError,
    TaskFailed,
    WaitTimeout,
)

_CODES: tuple[tuple[type[PreflightError], Exit], ...] = (
    (ConfigurationError, Exit.USAGE),
    (OutcomeUnknown, Exit.OUTCOME_UNKNOWN),
    (ApiError, Exit.API),
    (TaskFailed, Exit.API),
    (WaitTimeout, Exit.INDETERMINATE),
    (NotSubmitted, Exit.FAIL),
    (PreflightError, Exit.INDETERMINATE),
)


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of ``preflight`` with these arguments (without them: the process's own)."""
    try:
        code = commands.main(args=arguments, prog_name="preflight", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left: nothing is wrong. The descriptor goes, or Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.PASS
    except PreflightError as error:
        click.echo(f"preflight: {error}", err=True)
        return next(code for kind, code in _CODES if isinstance(error, kind))
    except Exception:  # noqa: BLE001 - whatever is left is a bug, and says so
        traceback.print_exc()
        click.echo("preflight: this is a bug in preflight; the lines above say where", err=True)
        return Exit.BUG
    return code if isinstance(code, int) else Exit.PASS
