"""A server at many loopback addresses, which counts what each of them is asked, and may ask for time.

    python tests/servers/many_hosts.py PICTURE CLIP '{"hosts": 1000}'

It prints its port. Any path that ends in ``.png`` is the picture, any other the clip. Each line on standard input is
answered with the counts so far as JSON; it ends with its standard input. ``refusing``: the share of requests answered
with 503, for ``seconds`` from the first request on; ``wait`` is their ``Retry-After``, none where it is negative.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

_HEAD = re.compile(rb"GET (\S+) HTTP/1\.1\r\n")
_RANGE = re.compile(rb"\r\nrange: *bytes=(\d+)-(\d+)", re.IGNORECASE)
_AGENT = re.compile(rb"\r\nuser-agent: *([^\r]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    hosts: int = 1
    refusing: float = 0.0
    seconds: float = 0.0
    wait: int = -1
    late_s: float = 0.0
    seed: int = 0


@dataclass(slots=True)
class Counts:
    requests: int = 0
    refused: int = 0
    paths: Counter[str] = field(default_factory=Counter)
    connected: Counter[str] = field(default_factory=Counter)
    most_connected: Counter[str] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)
    began: float = 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, files: tuple[bytes, bytes], behaviour: Behaviour, counts: Counts, chance: random.Random) -> None:
        self._files, self._behaviour, self._counts, self._chance = files, behaviour, counts, chance
        self._held = b""
        self._host = ""
        self._is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._host = transport.get_extra_info("sockname")[0]

    def _take(self, head: bytes) -> None:
        """A connection counts from its first request on: by then its client has closed the one before."""
        if not self._is_counted:
            self._is_counted = True
            counts = self._counts
            counts.connected[self._host] += 1
            counts.most_connected[self._host] = max(counts.most_connected[self._host], counts.connected[self._host])
        asyncio.get_running_loop().call_later(self._behaviour.late_s, self._answer, head)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        if self._is_counted:
            self._counts.connected[self._host] -= 1

    def data_received(self, data: bytes) -> None:
        self._held += data
        if b"\r\n\r\n" not in self._held:
            return
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        # After the goodbyes that have come already: the loop tells of them in this round and the next.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._take, head + b"\r\n")

    def _answer(self, head: bytes) -> None:
        counts, behaviour = self._counts, self._behaviour
        match = _HEAD.match(head)
        path = match[1].decode() if match else ""
        counts.requests += 1
        if counts.requests <= 2_000_000 and len(counts.paths) < 50_000:
            counts.paths[f"{self._host}{path}"] += 1
        if len(counts.order) < 5000:
            counts.order.append(self._host)
        agent = _AGENT.search(head)
        if len(counts.agents) < 10:
            counts.agents.add(agent[1].decode() if agent else "")
        counts.began = counts.began or time.monotonic()
        is_early = time.monotonic() - counts.began < behaviour.seconds
        if is_early and self._chance.random() < behaviour.refusing:
            counts.refused += 1
            wait = f"Retry-After: {behaviour.wait}\r\n" if behaviour.wait >= 0 else ""
            self._transport.write(f"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n{wait}\r\n".encode())
            return
        is_picture = path.endswith(".png")
        data = self._files[0 if is_picture else 1]
        kind = "image/png" if is_picture else "video/mp4"
        span = _RANGE.search(head)
        start, end = (int(span[1]), min(int(span[2]) + 1, len(data))) if span else (0, len(data))
        status = f"206 Part\r\nContent-Range: bytes {start}-{end - 1}/{len(data)}" if span else "200 OK"
        self._transport.write(
            f'HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\n'
            f"Content-Length: {end - start}\r\n\r\n".encode()
            + data[start:end]
        )


def address(number: int) -> str:
    """The address of host ``number``."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


async def _serve(files: tuple[bytes, bytes], behaviour: Behaviour) -> None:
    counts, chance = Counts(), random.Random(behaviour.seed)
    loop = asyncio.get_running_loop()
    port, servers = 0, []
    for number in range(behaviour.hosts):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address(number), port))
        port = listening.getsockname()[1]
        servers.append(
            await loop.create_server(
                lambda: _Connection(files, behaviour, counts, chance), sock=listening, backlog=1024
            )
        )
    _tell(port)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while await commands.readline():
        _tell({name: getattr(counts, name) for name in counts.__slots__} | {"agents": sorted(counts.agents)})


def _tell(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyHosts:
    """A running server, from outside."""

    port: int
    hosts: int
    process: subprocess.Popen[bytes]

    def url(self, number: int, path: str) -> str:
        """A URL at host ``number``; the hosts repeat."""
        return f"http://{address(number % self.hosts)}:{self.port}/{path}"

    @property
    def allow(self) -> list[str]:
        """The options that let all of the hosts be read."""
        return [part for number in range(self.hosts) for part in ("--allow-host", f"{address(number)}:{self.port}")]

    def counts(self) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def many_hosts(picture: Path, clip: Path, behaviour: Behaviour) -> Iterator[ManyHosts]:
    """The server as a process, while the body runs."""
    command = [sys.executable, __file__, str(picture), str(clip), json.dumps(asdict(behaviour))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield ManyHosts(port=int(process.stdout.readline()), hosts=behaviour.hosts, process=process)
        finally:
            process.stdin.close()


if __name__ == "__main__":
    media = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes()
    asyncio.run(_serve(media, Behaviour(**json.loads(sys.argv[3]))))
