"""A source whose server honours ranges: one exact request for each span that is not known yet.

Every answer is checked against its request: a server that sends other bytes than it says, or another version of the
file, would make facts about a file that does not exist.
"""

from __future__ import annotations

from preflight.errors import HttpStatus, SourceChanged, SourceError, Unreachable
from preflight.model import Span, SparseBytes
from preflight.sources.http import Body, Exchange, Validator
from preflight.sources.ranges import ContentRange, part_of, unsatisfied_total
from preflight.sources.transport import Response

_TOO_MANY_REQUESTS = 429


class RangesUnfit(Exception):
    """The server's ranges do not help any further, but its whole body may. Never leaves the reader.

    ``fault`` is the error if the body does not help either, ``body`` the answer that has it, if there already is one.
    """

    def __init__(self, fault: SourceError, body: Response | None = None) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.body = body


class RangedSource:
    """Made from the first part. ``size_bytes`` is ``None`` while the server does not say."""

    def __init__(self, exchange: Exchange, total: int | None) -> None:
        self.size_bytes = total
        self.fetched = SparseBytes()
        self._exchange = exchange
        self._total = total
        self._trusts_validators = True

    @classmethod
    async def opened(cls, exchange: Exchange, answer: Response, asked: Span) -> RangedSource:
        """Read the first answer. Every later answer is compared with its validator and total."""
        exchange.validator = Validator.of(answer.headers)
        part = part_of(answer.status, answer.headers)
        source = cls(exchange, part.total if part else None)
        await source._accept(answer, asked)
        exchange.ranges = True
        return source

    async def read(self, span: Span, *, deep: bool) -> bytes:
        """The bytes of ``span``, fewer at the end of the file; ``b""`` for an optional span unless free or ``deep``.

        Raises ``SourceError``, or ``RangesUnfit``.
        """
        while True:
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
            # A part may be shorter than the range asked for (RFC 9110 §15.3.7): then reading goes on from there.
            if not await self._accept(await self._got(missing), missing):
                return known

    async def measure(self) -> None:
        """Do nothing: the answers already said everything about the size."""

    async def aclose(self) -> None:
        """Do nothing: no answer stays open between two spans."""

    async def _got(self, span: Span) -> Response:
        try:
            return await self._exchange.get(span)
        except HttpStatus as fault:
            raise (fault if fault.status == _TOO_MANY_REQUESTS else RangesUnfit(fault)) from fault

    async def _accept(self, answer: Response, asked: Span) -> bytes:
        """The body of ``answer`` from ``asked.start`` on, kept; ``b""`` for the end of the file. It is closed."""
        try:
            return await self._examined(answer, asked)
        except RangesUnfit as unfit:
            if unfit.body is not answer:
                answer.close()
            raise
        except BaseException:
            answer.close()
            raise

    async def _examined(self, answer: Response, asked: Span) -> bytes:
        if answer.status == 416:
            answer.close()
            return self._past_the_end(answer, asked)
        part = part_of(answer.status, answer.headers)
        if part is None:
            if answer.status == 200:
                return await self._whole(answer, asked)
            if answer.headers.get("content-type", "").lower().startswith("multipart/"):
                raise RangesUnfit(Unreachable("the server answers one range with several"))
            raise RangesUnfit(Unreachable("the server sends a part of the file without a valid Content-Range"))
        if None not in {part.total, self._total} and part.total != self._total:
            raise SourceChanged("the file changed while it was read")
        data = await self._part(answer, part, asked)
        answer.close()
        if self._is_other_version(answer):
            await self._compare(await self._exchange.get(self._sample))
        self.fetched.add(asked.start, data)
        return data

    def _past_the_end(self, answer: Response, asked: Span) -> bytes:
        total = unsatisfied_total(answer.headers.get("content-range"))
        if self.size_bytes is None:
            if total is None and asked.start and self.fetched.prefix(Span(asked.start - 1, asked.start)):
                total = asked.start
            if total is None or total <= asked.start:
                self.size_bytes = total
                return b""
        elif total not in {None, self.size_bytes}:
            raise SourceChanged("the file changed while it was read")
        raise RangesUnfit(Unreachable("the server refuses a range that lies within the file"))

    async def _whole(self, answer: Response, asked: Span) -> bytes:
        """A 200 to a later request: another version, or a server that has stopped honouring ranges."""
        if not self._is_other_version(answer):
            fault = Unreachable("the server honoured one range request and ignored the next")
            raise RangesUnfit(fault, body=answer)
        await self._compare(answer)
        return await self._accept(await self._got(asked), asked)

    def _is_other_version(self, answer: Response) -> bool:
        ours, theirs = self._exchange.validator, Validator.of(answer.headers)
        # A 206 to If-Range may leave the fields out: it would not be a 206 if the ETag did not match.
        return self._trusts_validators and ours != theirs and not (theirs is None and ours is not None and ours.strong)

    @property
    def _sample(self) -> Span:
        """The first bytes held, with which another answer is compared."""
        first = Span(0, self._exchange.limits.first_span_bytes)
        return Span(0, len(self.fetched.prefix(first)))

    async def _compare(self, answer: Response) -> None:
        """Raise ``SourceChanged`` unless ``answer`` begins as the file did. It is closed.

        Some servers send a new time or tag with every answer, or each of several servers sends its own. Where size and
        first bytes are the same, only the validators changed: they are ignored from then on.
        """
        sample = self._sample
        expected = self.fetched.prefix(sample)
        body, seen = Body(answer, self._exchange), b""
        try:
            part = part_of(answer.status, answer.headers)
            total = part.total if part else body.announced
            begins = answer.status == 200 or (part is not None and part.start == 0)
            while begins and len(seen) < len(expected) and (piece := await body.read()):
                seen += piece
        finally:
            answer.close()
        if seen[: len(expected)] != expected or total not in {None, self.size_bytes}:
            raise SourceChanged("the file changed while it was read")
        self._trusts_validators = False
        self._exchange.validator = None

    async def _part(self, answer: Response, part: ContentRange, asked: Span) -> bytes:
        """The bytes of ``part`` from ``asked.start`` on, if it holds that one and is as long as it says."""
        expected = asked.end if part.total is None else min(asked.end, part.total)
        if not part.start <= asked.start < part.end:
            raise RangesUnfit(
                Unreachable(
                    f"the server sends the bytes from {part.start} to {part.end} when asked for those from "
                    f"{asked.start} to {expected}"
                )
            )
        length = part.end - part.start
        body = Body(answer, self._exchange)
        if body.announced not in {None, length}:
            raise RangesUnfit(
                Unreachable(f"the server announces {body.announced} bytes for a part of {length}"),
            )
        if length > len(asked) and (beyond := self._exchange.beyond(length)):
            raise beyond
        pieces, received = [], 0
        while piece := await body.read():
            pieces.append(piece)
            received += len(piece)
            if received > length:
                raise RangesUnfit(Unreachable(f"the server sends more than the {length} bytes of the part"))
        if received < length:
            raise RangesUnfit(body.cut_short(length))
        return b"".join(pieces)[asked.start - part.start :]


class StreamedSource:
    """Made from a 200. Bytes between the spans are dropped, so memory holds only the first span and those asked for.

    ``size_bytes`` is the announced length, which the body must have; without one, ``None`` until the body has ended.
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

        And ``b""`` for a span that leads back, unless it follows at once: the bytes before it would be gone.

        Raises ``Unreachable`` for bytes already passed, and for bytes beyond the budget.
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
            raise Unreachable(f"the server ignores ranges, and byte {start} is needed after it was passed")
        if beyond:
            budget = self._limits.stream_budget_bytes
            raise Unreachable(f"the server ignores ranges, and byte {end - 1} is not among the first {budget}")
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
