"""Answers whose bytes arrive in pieces, without a socket: what a transport hands to the reader, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

from preflight.errors import SourceError
from preflight.model import ImageFacts, Probe, VideoFacts
from preflight.model.receipt import Receipt
from preflight.sources.http import Exchange
from preflight.sources.limits import RemoteLimits
from preflight.sources.remote import Run
from preflight.sources.transport import ConnectionBroken
from preflight.sources.url import RemoteUrl, locate

Facts = ImageFacts | VideoFacts

URL = locate("https://files.example/x")


class Arriving:
    """An answer. ``pieces`` arrive one by one; then the connection breaks, if that is before the end of the body."""

    def __init__(self, headers: Mapping[str, str], status: int, pieces: Iterator[bytes], length: int) -> None:
        self.status = status
        self.headers = headers
        self.read_bytes = 0
        self._pieces = pieces
        self._length = length

    async def read(self) -> bytes:
        piece = next(self._pieces, b"")
        self.read_bytes += len(piece)
        if not piece and self.read_bytes < self._length:
            raise ConnectionBroken("the connection was reset")
        return piece

    def close(self) -> None:
        """Nothing is open."""


class Segments:
    """A transport of one file: ``cut`` turns each body into the pieces that arrive of it."""

    def __init__(self, data: bytes, cut: Callable[[bytes], Iterator[bytes]], *, ranges: bool = True) -> None:
        self.requests = 0
        self.connections = 1
        self.uses_proxy = False
        self.patience_s: float | None = None
        self.answers: list[Arriving] = []
        self._data = data
        self._cut = cut
        self._ranges = ranges

    async def send(self, _method: str, _target: RemoteUrl, headers: Mapping[str, str]) -> Arriving:
        self.requests += 1
        size = len(self._data)
        start, end, status, fields = 0, size, 200, {"content-length": str(size), "etag": '"1"'}
        if self._ranges and "Range" in headers:
            first, last = headers["Range"].removeprefix("bytes=").split("-")
            start, end, status = int(first), min(int(last) + 1, size), 206
            fields |= {"content-length": str(end - start), "content-range": f"bytes {start}-{end - 1}/{size}"}
        answer = Arriving(fields, status, self._cut(self._data[start:end]), end - start)
        self.answers.append(answer)
        return answer


def arrived(
    segments: Segments, make_probe: Callable[[int | None], Probe[Facts]]
) -> tuple[Facts | str, Receipt, Sequence[int]]:
    """The facts of one reading, or its fault; its receipt; and how many bytes of each answer it took."""
    exchange = Exchange(URL, transport=segments, limits=RemoteLimits())  # type: ignore[arg-type]  # quacks like one
    run = Run(exchange, make_probe, lambda _: False, deep=False)
    facts: Facts | str
    try:
        facts = asyncio.run(run.facts())
    except SourceError as fault:
        facts = str(fault)
    assert run.source is not None
    validator = exchange.validator.value if exchange.validator else None
    receipt = Receipt.of(run.source.fetched, size_bytes=run.source.size_bytes, validator=validator)
    return facts, receipt, [answer.read_bytes for answer in segments.answers]


def at_once(body: bytes) -> Iterator[bytes]:
    """The whole body in one piece."""
    yield body


def cut_at(*offsets: int) -> Callable[[bytes], Iterator[bytes]]:
    """The body in pieces that end at these offsets."""

    def cut(body: bytes) -> Iterator[bytes]:
        ends = [offset for offset in offsets if 0 < offset < len(body)]
        for start, end in zip([0, *ends], [*ends, len(body)], strict=True):
            if end > start:
                yield body[start:end]

    return cut


def every(length: int) -> Callable[[bytes], Iterator[bytes]]:
    """The body in pieces of that length."""
    return lambda body: (body[at : at + length] for at in range(0, len(body), length))
