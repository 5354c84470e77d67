"""Starts a process of our own that talks with this one over a socket."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from socket import socketpair

from preflight.runs.run_errors import RunUnusable


def start_beside(command: Callable[[int], Sequence[str]]) -> tuple[Connection, subprocess.Popen[bytes]]:
    """The process that ``command`` starts, given the descriptor of its end, and our end. Raises ``RunUnusable``."""
    ours, theirs = socketpair()
    with theirs:
        try:
            # In a session of its own: an interrupt from the terminal reaches us alone, and we end the others.
            process = subprocess.Popen(
                command(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise RunUnusable(f"no worker can be started: {error.strerror}") from error
    return Connection(ours.detach()), process
