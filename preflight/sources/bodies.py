"""A source whose server honours ranges: one exact request for each span that is not known yet.

Every answer is held to what was asked: a server that sends other bytes than it says, or another version of the file,
would make facts about a file that does not exist.
"""

from __future__ import annotations

from preflight.errors import SourceChanged, Unreachable
from preflight.model import Span, SparseBytes
from preflight.sources.http import Body, Exchange, Validator
from preflight.sources.ranges import ContentRange, content_range, unsatisfied_total
from preflight.sources.transport import Response


class RangedSource:
    """Made from the 206 to the first request. ``size_bytes`` is ``None`` while the server does not say."""

    def __init__(self, exchange: Exchange, total: int | None) -> None:
        self.size_bytes = total
        self.fetched = SparseBytes()
        self._exchange = exchange
        self._total = total

    @classmethod
    async def opened(cls, exchange: Exchange, answer: Response, asked: Span) -> RangedSource:
        """Read the first answer. From here on its validator and total are what every other is compared with."""
        exchange.validator = Validator.of(answer.headers)
        part = content_range(answer.headers.get("content-range"))
        source = cls(exchange, part.total if part else None)
        await source._accept(answer, asked)
        exchange.ranges = True
        return source

    async def read(self, span: Span, *, deep: bool) -> bytes:
        """The bytes of ``span``, fewer at the end of the file; ``b""`` for an optional span unless free or ``deep``."""
        end = span.end if self.size_bytes is None else min(span.end, self.size_bytes)
        if end <= span.start:
            return b""
        known = self.fetched.prefix(Span(span.start, end))
        missing = Span(span.start + len(known), end)
        if not missing:
            return known
        beyond = self._exchange.beyond(len(missing))
        if span.optional and (beyond or not deep):
            return b""
        if beyond:
            raise beyond
        return known + await self._accept(await self._exchange.get(missing), missing)

    async def measure(self) -> None:
        """Nothing more can be learned of the size than the answers said."""

    async def aclose(self) -> None:
        """Nothing is open between two spans."""

    async def _accept(self, answer: Response, asked: Span) -> bytes:
        """The body of ``answer``, kept, if it is exactly what was asked for. The answer is closed."""
        try:
            return await self._examined(answer, asked)
        finally:
            answer.close()

    async def _examined(self, answer: Response, asked: Span) -> bytes:
        if answer.status == 416:
            return self._past_the_end(answer, asked)
        if answer.status == 200:
            if self._is_other_version(answer):
                raise SourceChanged("the file changed while it was read")
            raise Unreachable("the server honours a range request once and then no more")
        if answer.headers.get("content-type", "").lower().startswith("multipart/"):
            raise Unreachable("the server answers one range with several")
        part = content_range(answer.headers.get("content-range"))
        if part is None:
            raise Unreachable("the server sends a part of the file without a valid Content-Range")
        if self._is_other_version(answer) or part.total != self._total:
            raise SourceChanged("the file changed while it was read")
        self._hold_to(asked, part)
        data = await self._exact_body(answer, part.end - part.start)
        self.fetched.add(part.start, data)
        if part.end < asked.end:
            self.size_bytes = part.end
        return data

    def _past_the_end(self, answer: Response, asked: Span) -> bytes:
        total = unsatisfied_total(answer.headers.get("content-range"))
        if self.size_bytes is None:
            if total is None or total <= asked.start:
                self.size_bytes = total
                return b""
        elif total not in {None, self.size_bytes}:
            raise SourceChanged("the file changed while it was read")
        raise Unreachable("the server refuses a range that lies within the file")

    def _is_other_version(self, answer: Response) -> bool:
        ours, theirs = self._exchange.validator, Validator.of(answer.headers)
        # A 206 to If-Range may leave the fields out: it would not be a 206 if the ETag did not match.
        return ours != theirs and not (theirs is None and ours is not None and ours.strong)

    @staticmethod
    def _hold_to(asked: Span, part: ContentRange) -> None:
        expected = asked.end if part.total is None else min(asked.end, part.total)
        # Without a total a part may end early, because the file does.
        if part.start != asked.start or part.end > expected or (part.end < expected and part.total is not None):
            raise Unreachable(
                f"the server sends the bytes from {part.start} to {part.end} when asked for those from {asked.start} "
                f"to {expected}"
            )

    async def _exact_body(self, answer: Response, length: int) -> bytes:
        body = Body(answer, self._exchange)
        if body.announced not in {None, length}:
            raise Unreachable(f"the server announces {body.announced} bytes for a part of {length}")
        pieces, received = [], 0
        while piece := await body.read():
            pieces.append(piece)
            received += len(piece)
            if received > length:
                raise Unreachable(f"the server sends more than the {length} bytes of the part")
        if received < length:
            raise body.cut_short(length)
        return b"".join(pieces)


class StreamedSource:
    """Made from a 200. What lies between the spans is dropped, so memory holds the first span and what was asked for.

    ``size_bytes`` is the announced length, which the body is held to; without one, ``None`` until the body ended.
    """

    def __init__(self, exchange: Exchange, answer: Response) -> None:
        self._body = Body(answer, exchange)
        self.size_bytes = self._body.announced
        self.fetched = SparseBytes()
        self._limits = exchange.limits
        self._answer = answer
        self._ahead = memoryview(b"")
        self._at = 0

    @classmethod
    async def opened(cls, exchange: Exchange, answer: Response) -> StreamedSource:
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
