"""The unit of reading: a half-open span of a source, and the shape of a probe that asks for spans."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeAlias, TypeVar

from preflight.errors import SourceError
from preflight.model.facts import Transfer


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``[start, end)`` of a source.

    ``optional`` bytes sharpen the answer without deciding it: a driver for which reading is free sends them, one that
    would pay a round trip may send ``b""`` instead.
    """

    start: int
    end: int
    optional: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def __len__(self) -> int:
        return self.end - self.start


_Facts = TypeVar("_Facts")

Probe: TypeAlias = Generator[Span, bytes, _Facts]
"""A parser without I/O: yields the span it needs next, is sent its bytes, returns facts.

It is sent exactly the bytes of the span, fewer where the source ends before, and ``b""`` for an optional span that
was not read.
"""


class SparseBytes:
    """The bytes of one source that were fetched so far. Holes stay holes: nothing is filled in."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[tuple[int, bytes]] = []

    def add(self, start: int, data: bytes) -> None:
        """Keep ``data`` as the bytes from ``start`` on."""
        if data:
            self._pieces.append((start, data))
            self._pieces.sort(key=itemgetter(0))

    def prefix(self, span: Span) -> bytes:
        """As many bytes of ``span`` as are known from its start on without a hole; perhaps ``b""``."""
        parts: list[bytes] = []
        at = span.start
        for start, data in self._pieces:
            if start <= at < min(start + len(data), span.end):
                part = data[at - start : span.end - start]
                parts.append(part)
                at += len(part)
        return b"".join(parts)

    def pieces(self) -> tuple[tuple[int, bytes], ...]:
        """Every piece as (start, bytes), by start. Pieces may overlap."""
        return tuple(self._pieces)

    def __len__(self) -> int:
        return sum(len(data) for _, data in self._pieces)


MakeProbe: TypeAlias = Callable[[int | None], Probe[_Facts]]
"""Makes a probe for a source of that many bytes (``None``: the server does not say)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[_Facts]):
    """What a driver brings back from running a probe over a source.

    Either ``facts`` or ``fault`` is set: a source that could not be read is a value, not an exception.
    ``fetched`` holds the bytes, for whoever wants a second look at them without fetching again.
    """

    facts: _Facts | None
    transfer: Transfer
    fetched: SparseBytes
    size_bytes: int | None = None
    fault: SourceError | None = None
