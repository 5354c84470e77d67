"""bash with somebody at its keyboard."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.command import environment

_SECONDS = 60
_READLINE = (
    "set bell-style none\nset enable-bracketed-paste off\nset show-all-if-ambiguous on\nset page-completions off\n"
)


class Shell:
    """A terminal in which bash runs."""

    def __init__(self, screen: int) -> None:
        self._screen = screen
        self._shown = ""

    def type(self, keys: str) -> None:
        """Press keys; the earlier screen is forgotten."""
        self._shown = ""
        os.write(self._screen, keys.encode())

    def expect(self, text: str) -> str:
        """The screen, once ``text`` is on it."""
        end = time.monotonic() + _SECONDS
        while text not in self._shown:
            ready, _, _ = select.select([self._screen], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{text!r} never came; on the screen is: {self._shown}"
            self._shown += os.read(self._screen, 65536).decode()
        return self._shown


@contextmanager
def bash(folder: Path) -> Iterator[Shell]:
    """bash in ``folder``, without the settings of this machine, and with ``preflight`` on its path."""
    (folder / ".inputrc").write_text(_READLINE)
    env = environment({"INPUTRC": str(folder / ".inputrc"), "TERM": "dumb", "PS1": "$ ", "COLUMNS": "200"})
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        cwd=folder,
        env=env,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        try:
            yield Shell(screen)
        finally:
            process.kill()
            os.close(screen)
