"""A terminal for commands that look whether they are on one."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.command import Ran, checked, command, environment

_SECONDS = 60


def shown(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, errors: bool = False
) -> str:
    """The output of a command whose standard output is a terminal; with ``errors``, the same of standard error."""
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        command(*arguments),
        env=environment({"TERM": "xterm-256color", **(env or {})}),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if errors else terminal,
        stderr=terminal if errors else subprocess.DEVNULL,
    ) as process:
        os.close(terminal)
        text = _until_closed(screen).decode()
        process.wait(_SECONDS)
    checked(arguments, Ran(code=process.returncode, out="", err=text))
    return text


def answered(keys: str, *arguments: str | Path, env: Mapping[str, str]) -> Ran:
    """Run a command whose standard input is a terminal on which somebody types ``keys``."""
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        command(*arguments),
        env=environment(env),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(terminal)
        os.write(keyboard, keys.encode())
        out, err = process.communicate(timeout=_SECONDS)
    os.close(keyboard)
    return checked(arguments, Ran(code=process.returncode, out=out, err=err))


def _until_closed(screen: int) -> bytes:
    text = b""
    try:
        while piece := os.read(screen, 65536):
            text += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(screen)
    return text
