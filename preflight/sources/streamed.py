"""A source over one body: of a server that ignores ranges, or that was asked for the whole file."""

from __future__ import annotations

from preflight.errors import Unreachable
from preflight.model import Span, SparseBytes
from preflight.model.reading import FLIGHT_BYTES
from preflight.sources.http import Body, Exchange, Validator
from preflight.sources.transport import Response


class StreamedSource:
    """Made from a 200. Bytes between the spans are dropped, so memory holds only the first span and those asked for.

    ``size_bytes`` is the announced length, which the body must have; without one, ``None`` until the body has ended.
    """

    def __init__(self, exchange: Exchange, answer: Response) -> None:
        exchange.ranges = False
        exchange.validator = Validator.of(answer.headers)
        self._body = Body(answer, exchange)
        self.size_bytes = self._body.announced
        self.fetched = SparseBytes()
        self._exchange = exchange
        self._limits = exchange.limits
        self._answer = answer
        self._arrived = SparseBytes()
        self._kept_to = exchange.limits.first_span_bytes
        self._ahead = memoryview(b"")
        self._at = 0

    async def read(self, span: Span, *, deep: bool) -> bytes:
        """The bytes of ``span``, fewer at the end of the file; ``b""`` for an optional span unless free or ``deep``.

        And ``b""`` for a span that leads back, unless it follows at once: the bytes before it would be gone.

        Raises ``Unreachable`` for bytes already passed, and for bytes beyond the budget.
        """
        end = span.end if self.size_bytes is None else min(span.end, self.size_bytes)
        if end <= span.start or (span.optional and not deep and not self._is_free(span.start, end)):
            return b""
        known = self._arrived.prefix(Span(span.start, end))
        start = span.start + len(known)
        if start < end:
            gone, beyond = start < self._at, end > self._limits.stream_budget_bytes
            if span.optional and (gone or beyond):
                return b""
            if span.leads_back and start > max(self._at, self._kept_to):
                return b""
            if gone:
                raise Unreachable(f"the server ignores ranges, and byte {start} is needed after it was passed")
            if beyond:
                budget = self._limits.stream_budget_bytes
                raise Unreachable(f"the server ignores ranges, and byte {end - 1} is not among the first {budget}")
            await self._go_to(start)
            self._kept_to = max(self._kept_to, end, span.ahead)
            await self._go_to(end)
            known = self._arrived.prefix(Span(span.start, end))
        self.fetched.add(span.start, known)
        return known

    async def measure(self) -> None:
        """Read on, within the budget, to learn the size that the server did not announce. The last bytes are kept."""
        window = self._limits.first_span_bytes
        last = bytearray()
        while self._at < self._limits.stream_budget_bytes and (piece := await self._next(window)):
            last += piece
            del last[:-window]
        self._arrived.add(self._at - len(last), bytes(last))

    async def settle(self) -> None:
        """Drop the rest of the body, and its connection."""
        self._answer.close()

    def _is_free(self, start: int, end: int) -> bool:
        """Whether these bytes come at once or were sent before, or end a small file."""
        window = self._limits.first_span_bytes
        is_small = self.size_bytes is not None and end <= self.size_bytes <= window
        return is_small or end <= min(FLIGHT_BYTES, window) or len(self.fetched.between(start, end)) == end - start

    async def _go_to(self, offset: int) -> None:
        """Read up to ``offset``, or to the end of the body, and keep what belongs to a span."""
        start, kept = self._at, bytearray()
        while self._at < offset and (piece := await self._next(offset - self._at)):
            kept += piece[: max(0, self._kept_to - self._at + len(piece))]
        self._arrived.add(start, bytes(kept))

    async def _next(self, most: int) -> memoryview:
        """At least one byte and at most ``most``; none at the end of the body."""
        if not self._ahead:
            self._ahead = memoryview(await self._body.read())
        piece, self._ahead = self._ahead[:most], self._ahead[most:]
        self._at += len(piece)
        self._exchange.bytes_asked += len(piece)
        if not piece:
            self._ended()
        return piece

    def _ended(self) -> None:
        if self.size_bytes is not None and self._at < self.size_bytes:
            raise self._body.cut_short(self.size_bytes)
        self.size_bytes = self._at
