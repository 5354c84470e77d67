"""``preflight ui`` as a process of its own, and its pages in a browser."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.command import command, environment

_GOODBYE_S = 30


class Served:
    """A running page: ``link`` works once, ``origin`` is where the pages are."""

    def __init__(self, process: subprocess.Popen[bytes], link: str) -> None:
        self.process = process
        self.link = link
        self.origin = link.partition("/enter")[0]

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self.process.kill()
        self.process.wait(_GOODBYE_S)


@contextmanager
def served(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Served]:
    """The page with these options, in the folder ``cwd``."""
    log = cwd / "ui.log"
    with log.open("ab") as complaints:
        process = subprocess.Popen(
            command("ui", "--no-browser", *arguments),
            cwd=cwd,
            env=environment(env, measured=True),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:\d+/enter\?token=\S+", line)
        assert found, (line, log.read_text())
        yield Served(process, found[0])
    finally:
        process.terminate()
        try:
            process.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
    assert "Traceback" not in log.read_text(), log.read_text()
