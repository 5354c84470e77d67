"""The unit of reading: a half-open span of a source, and the shape of a probe that asks for spans."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeAlias, TypeVar

from preflight.errors import SourceError
from preflight.model.facts import Transfer
from preflight.model.frozen import frozen

FLIGHT_BYTES = 12 * 1024
"""The first bytes of an answer, which come at once: with its head, ten segments have room for them (RFC 6928)."""


@frozen
class Span:
    """Bytes ``[start, end)`` of a source.

    ``optional`` bytes sharpen the answer without deciding it: a driver for which reading is free sends them, one that
    would pay a round trip may send ``b""`` instead. A span that ``leads_back`` is an index at the end: earlier bytes
    are asked for after it, so a driver that only goes forwards sends ``b""`` instead.

    Bytes up to ``ahead`` (0: none) may be asked for next, so a driver asks for them in the same request. It sends those
    up to ``end``, as soon as they are there.
    """

    start: int
    end: int
    optional: bool = False
    leads_back: bool = False
    ahead: int = 0

    def __init__(
        self, start: int, end: int, *, optional: bool = False, leads_back: bool = False, ahead: int = 0
    ) -> None:
        if not 0 <= start <= end:
            raise ValueError(f"not a span: [{start}, {end})")
        put = object.__setattr__
        put(self, "start", start)
        put(self, "end", end)
        put(self, "optional", optional)
        put(self, "leads_back", leads_back)
        put(self, "ahead", ahead)

    def __len__(self) -> int:
        return self.end - self.start


_Facts = TypeVar("_Facts")

Probe: TypeAlias = Generator[Span, bytes, _Facts]
"""A parser without I/O: yields the span it needs next, is sent its bytes, returns facts.

It is sent exactly the bytes of the span, fewer where the source ends before, and ``b""`` for a span that may be
left out and was.
"""


class SparseBytes:
    """The bytes of one source that were fetched so far. Holes stay holes: nothing is filled in."""

    __slots__ = ("_near", "_pieces", "_starts", "_total")

    def __init__(self) -> None:
        self._pieces: list[tuple[int, bytes]] = []
        self._starts: list[int] = []
        self._near: tuple[int, bytes] = (0, b"")
        self._total = 0

    def add(self, start: int, data: bytes) -> None:
        """Keep ``data`` as the bytes from ``start`` on. Bytes already held are neither kept nor counted again."""
        at, end = start, start + len(data)
        while at < end:
            held = self._piece_at(at)
            if held is not None:
                at = held[0] + len(held[1])
                continue
            index = bisect_right(self._starts, at)
            stop = min(end, self._starts[index]) if index < len(self._starts) else end
            piece = data[at - start : stop - start]
            self._pieces.insert(index, (at, piece))
            self._starts.insert(index, at)
            self._total += len(piece)
            at = stop

    def between(self, start: int, end: int) -> bytes:
        """As many bytes of ``[start, end)`` as are known from its start on without a hole; perhaps ``b""``."""
        begin, data = self._near  # reads come close to one another
        if begin <= start and end <= begin + len(data):
            return data[start - begin : end - begin]
        first = self._piece_at(start) if start < end else None
        if first is None:
            return b""
        self._near = first
        parts = [first[1][start - first[0] : end - first[0]]]
        at = start + len(parts[0])
        while at < end and (piece := self._piece_at(at)) is not None:
            parts.append(piece[1][at - piece[0] : end - piece[0]])
            at += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def prefix(self, span: Span) -> bytes:
        """``between``, of a span."""
        return self.between(span.start, span.end)

    def pieces(self) -> tuple[tuple[int, bytes], ...]:
        """Every piece as (start, bytes), by start. No two overlap."""
        return tuple(self._pieces)

    def _piece_at(self, offset: int) -> tuple[int, bytes] | None:
        """The piece that holds the byte at ``offset``."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        piece = self._pieces[index]
        return piece if offset < piece[0] + len(piece[1]) else None

    def __len__(self) -> int:
        return self._total


MakeProbe: TypeAlias = Callable[[int | None], Probe[_Facts]]
"""Makes a probe for a source of that many bytes (``None``: the server does not say)."""


@frozen
class Reading(Generic[_Facts]):
    """What a driver brings back from running a probe over a source.

    Either ``facts`` or ``fault`` is set: a source that could not be read is a value, not an exception.
    ``fetched`` holds the bytes that the probe was sent, for a second look at them without fetching again: never others
    that happened to arrive. ``extra`` is the result of a probe that read on after the facts; ``None`` where there was
    none, and where its bytes could not be had.
    """

    facts: _Facts | None
    transfer: Transfer
    fetched: SparseBytes
    size_bytes: int | None = None
    fault: SourceError | None = None
    extra: Any = None
