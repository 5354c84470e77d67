"""The processes that check runs for the page: started, paused and watched. At most one works on a folder."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, Thread
from typing import Final

from preflight.errors import ConfigurationError
from preflight.runs.engines.checker import Headway
from preflight.runs.engines.child_process import start_child
from preflight.ui.runs.runs_process import Assignment

_GOODBYE_S: Final = 5.0
_LOG = logging.getLogger("preflight.ui")
_DIED: Final = "the process that checked the run has ended before its time; what is complete stays: resume it"


@dataclass(slots=True)
class Working:
    """A process at work. ``headway`` is what it did since it began; ``ended`` is ``complete``, ``paused`` or
    ``failed``."""

    headway: Headway = field(default_factory=Headway)
    is_pausing: bool = False
    ended: str = ""
    trouble: str = ""


class Works:
    """The processes of one server. ``close`` ends those that still work: what is complete stays."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._working: dict[Path, tuple[Working, Connection, subprocess.Popen[bytes]]] = {}

    def of(self, folder: Path) -> Working | None:
        """The process that works on that folder, or the last one that did."""
        with self._lock:
            found = self._working.get(folder)
            return None if found is None else found[0]

    def start(self, folder: Path, assignment: Assignment) -> Working:
        """Begin or go on. Where a process works on the folder already, that one is returned."""
        with self._lock:
            found = self._working.get(folder)
            if found is not None and not found[0].ended:
                return found[0]
            working = Working()
            connection, process = _started(assignment)
            self._working[folder] = working, connection, process
        Thread(target=_hear, args=(working, connection, process), daemon=True).start()
        return working

    def pause(self, folder: Path) -> None:
        """Let the process finish the parts under way, and begin no further one."""
        with self._lock:
            found = self._working.get(folder)
            if found is None or found[0].ended:
                return
            found[0].is_pausing = True
            with suppress(OSError):
                found[1].send("pause")

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            works = list(self._working.values())
        for working, _, process in works:
            if not working.ended:
                process.terminate()
        for _, _, process in works:
            try:
                process.wait(_GOODBYE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _started(assignment: Assignment) -> tuple[Connection, subprocess.Popen[bytes]]:
    try:
        process, connection = start_child(
            lambda descriptor: [sys.executable, "-m", "preflight.cli.ui_run_worker", str(descriptor)]
        )
    except OSError as error:
        raise ConfigurationError(f"no process can be started: {error.strerror}") from error
    with suppress(OSError):  # it died: that is heard of below
        connection.send(assignment)
    return connection, process


def _hear(working: Working, connection: Connection, process: subprocess.Popen[bytes]) -> None:
    try:
        while not working.ended:
            match connection.recv():
                case ("progress", Headway() as headway):
                    working.headway = headway
                case ("failed", str(text)):
                    working.trouble, working.ended = text, "failed"
                case (str(end),):
                    working.ended = end
    except (EOFError, OSError):
        working.trouble, working.ended = _DIED, "failed"
    except Exception:  # noqa: BLE001 - logged: a page must not wait for ever
        _LOG.exception("the process of a run is not understood")
        working.trouble, working.ended = _DIED, "failed"
    connection.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GOODBYE_S)
