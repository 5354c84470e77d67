"""The traffic between a client and the lying server: requests as they came, answers as raw bytes; both are counted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

PIECE = 64 * 1024

_REASONS = {200: "OK", 206: "Partial Content", 302: "Found", 404: "Not Found", 416: "Range Not Satisfiable"}


class Hangup(Exception):
    """The server closes the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """``target`` is as it came, header names are in lower case, ``number`` counts the requests for this path from 1."""

    method: str
    target: str
    behaviour: str
    name: str
    number: int
    headers: Mapping[str, str]


@dataclass
class Log:
    """The server's record of what it saw and sent. Filled by its thread; read it when the client is done."""

    connections: int = 0
    bytes_sent: int = 0
    requests: list[Request] = field(default_factory=list)

    def ranges(self, name: str) -> list[str | None]:
        """The ``Range`` headers of the requests for ``name``, in order."""
        return [request.headers.get("range") for request in self.requests if request.name == name]

    def note(self, head: bytes) -> Request:
        """The request in ``head``, after it is recorded."""
        line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = line.split(" ", 2)
        path = target.partition("?")[0]
        behaviour, _, name = path.lstrip("/").partition("/")
        request = Request(
            method=method,
            target=target,
            behaviour=behaviour,
            name=unquote(name),
            number=1 + sum(earlier.target.partition("?")[0] == path for earlier in self.requests),
            headers={key.strip().lower(): value.strip() for key, _, value in (text.partition(":") for text in fields)},
        )
        self.requests.append(request)
        return request


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to serve. ``content`` is bytes, or a path that is read piece by piece."""

    content: bytes | Path
    content_type: str

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def part(self, start: int, end: int) -> bytes:
        if isinstance(self.content, bytes):
            return self.content[start:end]
        with self.content.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


class Turn:
    """One request and its answer, which is sent byte for byte as told."""

    def __init__(
        self, request: Request, file: File, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Log
    ) -> None:
        self.request = request
        self.file = file
        self._reader = reader
        self._writer = writer
        self._log = log

    @property
    def span(self) -> tuple[int, int]:
        """The range asked for, half-open and cut to the file; the whole file if none was asked for."""
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.request.headers.get("range", ""))
        return (int(match[1]), min(int(match[2]) + 1, self.file.size)) if match else (0, self.file.size)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
        self._log.bytes_sent += len(data)

    async def silence(self, seconds: float) -> None:
        """Nothing for so long, or until the client leaves: a connection that nobody waits at is not held."""
        for _ in range(round(seconds / 0.05)):
            if self._reader.at_eof():
                return
            await asyncio.sleep(0.05)

    async def drip(self, data: bytes, seconds: float = 0.02) -> None:
        """One byte at a time."""
        for value in data:
            await self.send(bytes([value]))
            await asyncio.sleep(seconds)

    async def head(self, status: int, headers: Mapping[str, object], *, version: str = "1.1") -> None:
        await self.send(head(status, headers, version=version))

    async def answer(self, status: int, headers: Mapping[str, object], body: bytes = b"") -> None:
        """A whole answer with its right length, unless ``headers`` say another."""
        await self.send(head(status, {"Content-Length": len(body), **headers}) + body)

    async def body(self, start: int = 0, end: int | None = None) -> None:
        """Bytes of the file, piece by piece, so that a client who leaves is noticed."""
        stop = self.file.size if end is None else end
        for at in range(start, stop, PIECE):
            await self.send(self.file.part(at, min(at + PIECE, stop)))

    async def chunk(self, data: bytes) -> None:
        """One chunk of the chunked coding; an empty one ends the body."""
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))


def head(status: int, headers: Mapping[str, object], *, version: str = "1.1") -> bytes:
    """Status line and header fields; those that are ``None`` are left out."""
    fields = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"HTTP/{version} {status} {_REASONS.get(status, 'Reason')}", *fields, "", ""]).encode("latin-1")
