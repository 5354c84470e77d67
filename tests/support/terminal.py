"""A terminal for commands that look whether they are on one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

from tests.support.command import Ran, checked, command, environment

_SECONDS = 60
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


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


def beside_a_terminal(*arguments: str | Path) -> Ran:
    """A command whose standard error alone is a terminal, as ``preflight … > FILE`` is on one."""
    screen, terminal = pty.openpty()
    with TemporaryFile() as output:
        with subprocess.Popen(
            command(*arguments),
            env=environment({"TERM": "xterm-256color", "COLUMNS": "60"}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=terminal,
        ) as process:
            os.close(terminal)
            shown_there = _until_closed(screen).decode()
            process.wait(_SECONDS)
        output.seek(0)
        return checked(arguments, Ran(code=process.returncode, out=output.read().decode(), err=shown_there))


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


class Conversation:
    """A command whose three streams are one terminal, as a person sits at it. Use it in ``with``."""

    def __init__(self, *arguments: str | Path, env: Mapping[str, str], cwd: Path | None = None) -> None:
        self._arguments = arguments
        self._screen, terminal = pty.openpty()
        self._process = subprocess.Popen(
            command(*arguments),
            env=environment({"TERM": "xterm-256color", "COLUMNS": "100", "CI": "true", **env}),
            cwd=cwd,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - one thread here: the terminal must be the process's own
        )
        os.close(terminal)
        self._read_so_far = b""
        self._text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(_SECONDS)
        os.close(self._screen)

    def until(self, words: str) -> str:
        """The screen once ``words`` stand on it, without its colours."""
        while words not in self._text:
            if not select.select([self._screen], [], [], _SECONDS)[0]:
                raise TimeoutError(f"{words!r} never came: {self._text}")
            self._read()
        return self._text

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends the signal."""
        self.type("\x03")

    def end(self) -> tuple[str, int]:
        """The whole screen, and the exit code."""
        try:
            while select.select([self._screen], [], [], _SECONDS)[0]:
                self._read()
        except OSError:  # how Linux says that the other end is closed
            pass
        code = self._process.wait(_SECONDS)
        checked(self._arguments, Ran(code=code, out="", err=self._text))
        return self._text, code

    def _read(self) -> None:
        self._read_so_far += os.read(self._screen, 65536)  # a piece may end in the middle of a colour or a character
        text = self._read_so_far.decode("utf-8", "replace")
        self._text = _COLOURS.sub("", text).replace("\r\n", "\n")


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


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
