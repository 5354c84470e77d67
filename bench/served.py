"""The benchmark's server from outside: starts it, sets its distance, reads its counts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from server import Line

_SCRIPT = Path(__file__).with_name("server.py")
_SETTLED_S = 0.15
"""After which a client's last acknowledgements and goodbyes have come."""

_NEAR = Line()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of reading, as the server saw it. ``bytes`` are of bodies, and have left it, read or not."""

    requests: int
    connections: int
    bytes: int


class Served:
    """A running server. Use it in ``with``."""

    def __init__(self, folder: Path, *, ports: int = 1) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), str(folder), str(ports)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._hosts = [f"127.0.0.1:{port}" for port in self._line()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def url(self, name: str, number: int = 0) -> str:
        """The URL of the file ``name`` at one of the hosts, by number; they repeat."""
        return f"http://{self._hosts[number % len(self._hosts)]}/{name}"

    def begin(self, line: Line = _NEAR) -> None:
        """Set the line, and the account to zero."""
        self._ask({"line": asdict(line)})

    def cost(self, *names: str) -> Cost:
        """The requests for these files since then, and every connection that was made."""
        time.sleep(_SETTLED_S)
        told = self._ask({})
        return Cost(
            requests=sum(told["requests"].get(f"/{name}", 0) for name in names),
            connections=told["connections"],
            bytes=sum(told["bytes"].get(f"/{name}", 0) for name in names),
        )

    def _ask(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())
