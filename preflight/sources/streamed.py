"""A source whose server knows no ranges: its one body, read on as far as the probe asks, and never back."""

from __future__ import annotations

from preflight.errors import Unreachable
from preflight.model import Span, SparseBytes
from preflight.sources.exchange import Body, Exchange, Validator
from preflight.sources.transport import Answer


class StreamedSource:
    """Made from a 200. What lies between the spans is dropped, so memory holds the first span and what was asked for.

    ``size_bytes`` is the announced length, which the body is held to; without one, ``None`` until the body ended.
    """

    def __init__(self, exchange: Exchange, answer: Answer) -> None:
        self._body = Body(answer, exchange)
        self.size_bytes = self._body.announced
        self.fetched = SparseBytes()
        self._limits = exchange.limits
        self._answer = answer
        self._ahead = memoryview(b"")
        self._at = 0

    @classmethod
    async def opened(cls, exchange: Exchange, answer: Answer) -> StreamedSource:
        """Read the first bytes, which are kept."""
        exchange.ranges = False
        exchange.validator = Validator.of(answer.headers)
        source = cls(exchange, answer)
        try:
            await source._take(exchange.limits.first_span_bytes)
        except BaseException:
            answer.close()
            raise
        return source

    async def read(self, span: Span, *, deep: bool) -> bytes:
        """The bytes of ``span``, fewer at the end of the file; ``b""`` for an optional span unless free or ``deep``.

        And ``b""`` for a span that leads back, unless it follows at once: what lies before it would be gone.

        Raises ``Unreachable`` for bytes that went by, and for those beyond the budget.
        """
        end = span.end if self.size_bytes is None else min(span.end, self.size_bytes)
        if end <= span.start:
            return b""
        known = self.fetched.prefix(Span(span.start, end))
        start = span.start + len(known)
        if start == end:
            return known
        gone, beyond = start < self._at, end > self._limits.stream_budget_bytes
        if span.optional and (gone or beyond or not deep):
            return b""
        if span.leads_back and start > self._at:
            return b""
        if gone:
            raise Unreachable(f"the server knows no ranges, and byte {start} is needed after it went by")
        if beyond:
            budget = self._limits.stream_budget_bytes
            raise Unreachable(f"the server knows no ranges, and byte {end - 1} lies behind the first {budget}")
        await self._skip_to(start)
        return known + await self._take(end - self._at)

    async def measure(self) -> None:
        """Read on, within the budget, to learn the size that the server did not announce. The last bytes are kept."""
        window = self._limits.first_span_bytes
        last = bytearray()
        while self._at < self._limits.stream_budget_bytes and (piece := await self._next(window)):
            last += piece
            del last[:-window]
        self.fetched.add(self._at - len(last), bytes(last))

    async def aclose(self) -> None:
        """Drop the rest of the body, and its connection."""
        self._answer.close()

    async def _take(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer at the end, kept."""
        start, taken = self._at, bytearray()
        while len(taken) < count and (piece := await self._next(count - len(taken))):
            taken += piece
        self.fetched.add(start, bytes(taken))
        return bytes(taken)

    async def _skip_to(self, offset: int) -> None:
        while self._at < offset and await self._next(offset - self._at):
            pass

    async def _next(self, most: int) -> memoryview:
        """At least one byte and at most ``most``; none at the end of the body."""
        if not self._ahead:
            self._ahead = memoryview(await self._body.read())
        piece, self._ahead = self._ahead[:most], self._ahead[most:]
        self._at += len(piece)
        if not piece:
            self._ended()
        return piece

    def _ended(self) -> None:
        if self.size_bytes is not None and self._at < self.size_bytes:
            raise self._body.cut_short(self.size_bytes)
        self.size_bytes = self._at
