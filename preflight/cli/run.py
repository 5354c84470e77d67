"""Running a command: errors to exit codes, and never a traceback for what is not a bug."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from preflight.cli.exits import Exit
from preflight.cli.group import commands
from preflight.cli.output import discard_output
from preflight.errors import (
    ApiError,
    ConfigurationError,
    NotSubmitted,
    OutcomeUnknown,
    OverBudget,
    PreflightError,
    StillUnknown,
    TaskFailed,
    WaitTimeout,
)

_CODES: tuple[tuple[type[PreflightError], Exit], ...] = (
    (ConfigurationError, Exit.USAGE),
    (OutcomeUnknown, Exit.OUTCOME_UNKNOWN),
    (ApiError, Exit.API),
    (TaskFailed, Exit.API),
    (WaitTimeout, Exit.INDETERMINATE),
    (StillUnknown, Exit.OUTCOME_UNKNOWN),
    (OverBudget, Exit.OVER_BUDGET),
    (NotSubmitted, Exit.FAIL),
    (PreflightError, Exit.INDETERMINATE),
)

_UNKNOWN = """\
The outcome is unknown: the job may have been accepted and charged. It is not sent again, and counts against the
budget, until that is settled: preflight ledger resolve {entry}"""


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of ``preflight`` with these arguments (without them: the process's own)."""
    _open_closed_streams()
    try:
        code = commands.main(
            args=arguments,
            prog_name="preflight",
            standalone_mode=False,
            color=False if os.environ.get("NO_COLOR") else None,
        )
    except click.ClickException as error:  # usage errors among them
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        return Exit.INTERRUPTED
    except SystemExit:
        # click exits by itself when the reader of its help has left: nothing is wrong.
        discard_output()
        return Exit.PASS
    except PreflightError as error:
        click.echo(f"preflight: {error}", err=True)
        if isinstance(error, OutcomeUnknown):
            click.echo(_UNKNOWN.format(entry="ENTRY" if error.entry_id is None else error.entry_id), err=True)
        return next(code for kind, code in _CODES if isinstance(error, kind))
    except Exception:  # noqa: BLE001 - whatever is left is a bug, and says so
        import traceback  # noqa: PLC0415 - only for a bug

        traceback.print_exc()
        click.echo("preflight: this is a bug in preflight; the lines above say where", err=True)
        return Exit.BUG
    return code if isinstance(code, int) else Exit.PASS


def _open_closed_streams() -> None:
    """A standard stream that the caller has closed is ``None`` in Python; here it leads nowhere instead."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
