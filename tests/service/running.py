"""Applications served by uvicorn in a process of their own, on a socket that outlives it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.command import environment

ROOT = Path(__file__).parents[2]


class Served:
    """``target`` (``module:name``) of ``folder``, reached at ``url``. Killed and started again, it has the same URL."""

    def __init__(self, target: str, folder: Path, settings: Mapping[str, str], *options: str) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._command = [sys.executable, "-m", "uvicorn", target, "--app-dir", str(folder), "--http", "h11"]
        self._command += ["--fd", str(self._listener.fileno()), *options]
        self._environment = environment({**settings, "PUBLIC_URL": f"{self.url}/callbacks", "PYTHONUNBUFFERED": "1"})
        self._said: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reading: threading.Thread | None = None

    def start(self) -> None:
        """Start it, and return when it serves."""
        started = threading.Event()
        process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=ROOT,
            pass_fds=[self._listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

        def read() -> None:
            assert process.stdout is not None
            with process.stdout:
                for line in process.stdout:
                    self._said.append(line)
                    if "startup complete" in line:
                        started.set()
            started.set()

        self._process, self._reading = process, threading.Thread(target=read, daemon=True)
        self._reading.start()
        assert started.wait(60)
        assert process.poll() is None, self.said

    def end(self, number: int = signal.SIGINT) -> int:
        """End it with that signal; returns its exit code."""
        assert self._process is not None
        assert self._reading is not None
        self._process.send_signal(number)
        code = self._process.wait(60)
        self._reading.join(60)
        return code

    @property
    def said(self) -> str:
        """Everything that it wrote, in all its lives."""
        return "".join(self._said)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.end(signal.SIGKILL)
        self._listener.close()


@contextmanager
def served(target: str, folder: Path, settings: Mapping[str, str], *options: str) -> Iterator[Served]:
    """It runs while the block does."""
    running = Served(target, folder, settings, *options)
    try:
        running.start()
        yield running
    finally:
        running.close()
