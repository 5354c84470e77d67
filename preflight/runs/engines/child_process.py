"""A process of our own that we talk to over a socket, in a session of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from socket import socketpair


def start_child(command: Callable[[int], Sequence[str]]) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start ``command``, which is given the descriptor of its end, and return our end too. Raises ``OSError``."""
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
        except OSError:
            ours.close()
            raise
    return process, Connection(ours.detach())
