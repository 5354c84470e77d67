"""The server of the benchmark: files with ranges, at a distance that is made up, and an account of the requests.

It runs as a process of its own, so that it takes nothing from the clients it is there to measure. The distance is a
round trip in milliseconds: each answer begins one round trip after its request came, and the first answer of a
connection another one later, in place of the TCP handshake. (The handshake itself is over before a program hears
of it, so it cannot be held up; the first answer on the connection can.) Bodies come at the pace of a line with so many
megabits a second, each connection having one for itself; without a pace, as fast as they are taken. With slow start a
connection may have ten segments under way at first, and twice as many after each round trip, as TCP does (RFC 6928,
RFC 5681 §3.1); without it, any number. There is no TLS.

Commands come as lines of JSON on standard input, and each is answered by a line, the account: ``{"line": {…}}`` sets
the ``Line`` and the account to zero, ``{}`` changes nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import mmap
import re
import socket
import struct
import sys
import termios
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import cast

PIECE = 4 * 1024
"""Sent at a time on a line that has a pace. The socket's buffer is small, so that hardly more is under way."""

_BUFFER = 16 * 1024
_INITIAL_WINDOW = 10 * 1460

_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime", ".jpg": "image/jpeg", ".png": "image/png"}
_HEAD = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.([01])\r\n", re.ASCII)
_RANGE = re.compile(rb"\r\nrange: *bytes=(\d*)-(\d*) *\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close *\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line between the clients and the server. ``megabits`` a second of each connection; 0 for no bound."""

    round_trip_ms: float = 0
    megabits: float = 0
    slow_start: bool = False

    @property
    def round_trip_s(self) -> float:
        return self.round_trip_ms / 1000

    @property
    def piece_s(self) -> float:
        return PIECE * 8 / (self.megabits * 1e6) if self.megabits else 0.0


class Account:
    """The clients' activity since it was last set to zero: requests and bytes by path, connections accepted."""

    def __init__(self) -> None:
        self.line = Line()
        self.open: set[Connection] = set()
        self.reset()

    def reset(self) -> None:
        self.requests: Counter[str] = Counter()
        self.connections = 0
        self.bytes: Counter[str] = Counter()
        for connection in self.open:
            connection.settle()
        self.bytes.clear()

    def told(self) -> dict[str, object]:
        for connection in self.open:
            connection.settle()
        return {"requests": self.requests, "connections": self.connections, "bytes": self.bytes}


class Connection(asyncio.Protocol):
    """One connection: requests one after the other, bodies piece by piece as the client takes them."""

    def __init__(self, files: dict[str, mmap.mmap], account: Account) -> None:
        self._files = files
        self._account = account
        self._head = b""
        self._path = ""
        self._rest = memoryview(b"")
        self._ends = False
        self._is_first = True
        self._is_held_up = False
        self._written = 0
        self._due = 0.0
        self._window = _INITIAL_WINDOW
        self._flight = 0.0
        self._flown = 0
        self._settled = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._socket: socket.socket = transport.get_extra_info("socket")
        if self._account.line.megabits:
            self._transport.set_write_buffer_limits(high=PIECE)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self._account.open.add(self)
        self._account.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        self.settle()
        self._rest = memoryview(b"")
        self._account.open.discard(self)

    def settle(self) -> None:
        """Add the body bytes that have been acknowledged, and those that are under way, to the account."""
        waiting = self._transport.get_write_buffer_size()
        if self._socket.fileno() >= 0:
            waiting += struct.unpack("i", fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)))[0]
        arrived = max(0, self._written - waiting)
        self._account.bytes[self._path] += arrived - self._settled
        self._settled = arrived

    def pause_writing(self) -> None:
        self._is_held_up = True

    def resume_writing(self) -> None:
        self._is_held_up = False
        self._go_on()

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" not in self._head:
            return
        head, _, self._head = self._head.partition(b"\r\n\r\n")
        self._account.requests[self._take(head + b"\r\n")] += 1
        round_trips = 2 if self._is_first else 1
        self._is_first = False
        if self._account.line.round_trip_ms:
            wait = round_trips * self._account.line.round_trip_s
            asyncio.get_running_loop().call_later(wait, self._answer, head + b"\r\n")
        else:
            self._answer(head + b"\r\n")

    def _take(self, head: bytes) -> str:
        line = _HEAD.match(head)
        path = line[2].decode("ascii", "replace").partition("?")[0] if line else ""
        if path != self._path:
            self.settle()
            self._path = path
        return path

    def _answer(self, head: bytes) -> None:
        if self._transport.is_closing():
            return
        line = _HEAD.match(head)
        file = self._files.get(self._path)
        self._ends = line is None or line[3] == b"0" or _CLOSE.search(head) is not None
        if line is None or file is None:
            self._say("404 Not Found", 0)
        else:
            total, asked = len(file), _RANGE.search(head)
            start, end = _span(asked, total)
            fields = [f"Content-Type: {_TYPES[Path(self._path).suffix]}", "Accept-Ranges: bytes", 'ETag: "1"']
            if asked and start >= end:
                self._say("416 Range Not Satisfiable", 0, f"Content-Range: bytes */{total}")
            elif asked:
                self._say(
                    "206 Partial Content", end - start, f"Content-Range: bytes {start}-{end - 1}/{total}", *fields
                )
            else:
                self._say("200 OK", total, *fields)
            if line[1] != b"HEAD":
                self._rest = memoryview(file)[start:end]
        if self._account.line.megabits:
            self._due = self._flight = asyncio.get_running_loop().time()
            self._flown = 0
            self._pace()
        else:
            self._go_on()

    def _say(self, status: str, length: int, *fields: str) -> None:
        said = [f"HTTP/1.1 {status}", f"Content-Length: {length}", *fields]
        if self._ends:
            said.append("Connection: close")
        data = "\r\n".join([*said, "", ""]).encode("ascii")
        self._transport.write(data)

    def _pace(self) -> None:
        """Wait until the line would have carried the next piece, then send it."""
        line = self._account.line
        self._due += line.piece_s
        self._flown += PIECE
        if line.slow_start and self._flown > self._window:
            self._flight += line.round_trip_s
            self._due = max(self._due, self._flight)
            self._window *= 2
            self._flown = PIECE
        asyncio.get_running_loop().call_at(self._due, self._go_on)

    def _go_on(self) -> None:
        size = PIECE if self._account.line.megabits else len(self._rest)
        while self._rest and not self._is_held_up and not self._transport.is_closing():
            piece, self._rest = self._rest[:size], self._rest[size:]
            self._written += len(piece)
            self._transport.write(piece)
            if self._account.line.megabits and self._rest:
                self._pace()
                return
        if not self._rest and self._ends and not self._transport.is_closing():
            self._transport.close()


def _span(asked: re.Match[bytes] | None, total: int) -> tuple[int, int]:
    """The half-open range that is meant by first-last, first- or -length."""
    if asked is None:
        return 0, total
    if not asked[1]:
        return max(0, total - int(asked[2] or 0)), total
    return int(asked[1]), min(int(asked[2]) + 1, total) if asked[2] else total


def _mapped(folder: Path) -> dict[str, mmap.mmap]:
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _TYPES:
            with path.open("rb") as file:
                files[f"/{path.name}"] = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    return files


async def serve(folder: Path, ports: int) -> None:
    """Serve ``folder`` at so many ports of one loopback address, until standard input ends."""
    loop, account, files = asyncio.get_running_loop(), Account(), _mapped(folder)
    servers = [
        await loop.create_server(lambda: Connection(files, account), "127.0.0.1", backlog=1024) for _ in range(ports)
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command = json.loads(line)
        print(json.dumps(account.told()), flush=True)
        if "line" in command:
            account.line = Line(**command["line"])
            account.reset()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
