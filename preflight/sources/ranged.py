"""A source whose server honours ranges: one exact request for each span that is not known yet.

Every answer is held to what was asked: a server that sends other bytes than it says, or another version of the file,
would make facts about a file that does not exist.
"""

from __future__ import annotations

from preflight.errors import SourceChanged, Unreachable
from preflight.model import Span, SparseBytes
from preflight.sources.exchange import Body, Exchange, Validator
from preflight.sources.ranges import ContentRange, content_range, unsatisfied_total
from preflight.sources.transport import Answer


class RangedSource:
    """Made from the 206 to the first request. ``size_bytes`` is ``None`` while the server does not say."""

    def __init__(self, exchange: Exchange, total: int | None) -> None:
        self.size_bytes = total
        self.fetched = SparseBytes()
        self._exchange = exchange
        self._total = total

    @classmethod
    async def opened(cls, exchange: Exchange, answer: Answer, asked: Span) -> RangedSource:
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

    async def _accept(self, answer: Answer, asked: Span) -> bytes:
        """The body of ``answer``, kept, if it is exactly what was asked for. The answer is closed."""
        try:
            return await self._examined(answer, asked)
        finally:
            answer.close()

    async def _examined(self, answer: Answer, asked: Span) -> bytes:
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

    def _past_the_end(self, answer: Answer, asked: Span) -> bytes:
        total = unsatisfied_total(answer.headers.get("content-range"))
        if self.size_bytes is None:
            if total is None or total <= asked.start:
                self.size_bytes = total
                return b""
        elif total not in {None, self.size_bytes}:
            raise SourceChanged("the file changed while it was read")
        raise Unreachable("the server refuses a range that lies within the file")

    def _is_other_version(self, answer: Answer) -> bool:
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

    async def _exact_body(self, answer: Answer, length: int) -> bytes:
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
