"""A source whose server honours ranges: one exact request for each span that is not known yet.

Every answer is checked against its request: a server that sends other bytes than it says, or another version of the
file, would make facts about a file that does not exist.

The probe is sent the bytes of an answer as they arrive. Nothing depends on how many did: a part is judged as far as its
bytes are needed, for a span or for the connection.
"""

from __future__ import annotations

from contextlib import suppress

from preflight.errors import HttpStatus, SourceChanged, SourceError, Unreachable
from preflight.model import Span, SparseBytes
from preflight.model.reading import FLIGHT_BYTES
from preflight.sources.http import Body, Exchange, Validator
from preflight.sources.limits import DRAINED_BYTES
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


def asks_for_time(fault: HttpStatus) -> bool:
    """Whether the server refuses any request for now, rather than perhaps the range."""
    return fault.status == _TOO_MANY_REQUESTS or fault.too_late_s is not None


class _Part:
    """The part of the file that an answer brings, while it is being read: ``[at, end)`` is still to come.

    ``start`` is the first byte that was asked for, ``needed`` where the bytes end that the probe asked for since.
    """

    def __init__(self, answer: Response, body: Body, told: ContentRange, asked: Span) -> None:
        self.start = self.needed = asked.start
        self.at = told.start
        self.end = told.end
        self._length = told.end - told.start
        self._answer = answer
        self._body = body

    async def receive(self, arrived: SparseBytes, end: int) -> None:
        """Read up to ``end``, at most to the end of the part, and put what came into ``arrived``.

        Raises ``RangesUnfit`` where there is less of the part than it says, and at its end where there is more.
        """
        self.need(end)
        start, pieces = max(self.at, self.start), []
        try:
            while self.at < min(end, self.end):
                piece = await self._body.read()
                if not piece:
                    raise RangesUnfit(self._body.cut_short(self._length))
                pieces.append(piece[max(0, self.start - self.at) :])
                self.at += len(piece)
        finally:
            arrived.add(start, b"".join(pieces)[: self.end - start])
        if end >= self.end and (self.at > self.end or await self._body.read()):
            raise RangesUnfit(Unreachable(f"the server sends more than the {self._length} bytes of the part"))

    def need(self, end: int) -> None:
        self.needed = max(self.needed, min(end, self.end))

    def close(self) -> None:
        self._answer.close()


class RangedSource:
    """Made from the first part. ``size_bytes`` is ``None`` while the server does not say."""

    def __init__(self, exchange: Exchange, total: int | None) -> None:
        self.size_bytes = total
        self.fetched = SparseBytes()
        self._exchange = exchange
        self._total = total
        self._trusts_validators = True
        self._arrived = SparseBytes()
        self._coming: _Part | None = None
        self._free: list[tuple[int, int]] = []
        self._sample = Span(0, exchange.limits.first_span_bytes)

    @classmethod
    async def opened(cls, exchange: Exchange, answer: Response, asked: Span) -> RangedSource:
        """Judge the head of the first answer. Every later answer is compared with its validator and total."""
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
            if end <= span.start or (span.optional and not deep and not self._is_free(span.start, end)):
                return b""
            known = self._arrived.prefix(Span(span.start, end))
            missing = span.start + len(known)
            if missing >= end:
                return self._sent(span.start, known)
            if self._coming is not None and self._coming.at <= missing < self._coming.end:
                await self._receive(self._coming, end)
                continue
            ahead = span.ahead if self.size_bytes is None else min(span.ahead, self.size_bytes)
            asked = Span(missing, max(end, ahead))
            beyond = self._exchange.beyond(len(asked))
            if span.optional and beyond:
                return b""
            await self.settle()
            if beyond:
                raise beyond
            # A part may be shorter than the range asked for (RFC 9110 §15.3.7): then reading goes on from there.
            if not await self._accept(await self._got(asked), asked):
                return self._sent(span.start, known)

    async def measure(self) -> None:
        """Do nothing: the answers already said everything about the size."""

    async def settle(self) -> None:
        """Make the connection fit for another request: read a small rest of the answer, drop a large one.

        A rest that breaks off is dropped, too: nobody needs its bytes. Raises ``RangesUnfit``.
        """
        coming, self._coming = self._coming, None
        if coming is None:
            return
        try:
            if coming.end - coming.needed <= DRAINED_BYTES:
                with suppress(Unreachable):
                    await coming.receive(self._arrived, coming.end)
            else:
                self._sample = Span(0, min(self._sample.end, coming.needed))
        finally:
            coming.close()

    async def _receive(self, coming: _Part, end: int) -> None:
        try:
            await coming.receive(self._arrived, end)
        except Unreachable as fault:
            # What came is kept: the next request is for the bytes after it.
            coming.close()
            self._coming = None
            if not self._exchange.retries.after_break(fault):
                raise

    def _sent(self, start: int, data: bytes) -> bytes:
        self.fetched.add(start, data)
        if self._coming is not None and self._coming.start <= start:
            self._coming.need(start + len(data))
        return data

    def _is_free(self, start: int, end: int) -> bool:
        """Whether these bytes come at once or were sent before, or the answer that was asked for ends with the file."""
        is_small = any(begin <= start and end <= stop for begin, stop in self._free)
        return is_small or len(self.fetched.between(start, end)) == end - start

    async def _got(self, span: Span) -> Response:
        try:
            return await self._exchange.get(span)
        except HttpStatus as fault:
            raise (fault if asks_for_time(fault) else RangesUnfit(fault)) from fault

    async def _accept(self, answer: Response, asked: Span) -> bool:
        """Whether ``answer`` brings bytes from ``asked.start`` on; not where the file ends there."""
        try:
            return await self._examined(answer, asked)
        except RangesUnfit as unfit:
            if unfit.body is not answer:
                answer.close()
            raise
        except BaseException:
            answer.close()
            raise

    async def _examined(self, answer: Response, asked: Span) -> bool:
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
        coming = self._begun(answer, part, asked)
        if self._is_other_version(answer):
            expected = self._arrived.prefix(self._sample)
            await coming.receive(self._arrived, coming.end)
            answer.close()
            sample = Span(0, len(expected))
            await self._compare(await self._exchange.get(sample), expected)
        else:
            self._coming = coming
        stop = part.end if part.end == self.size_bytes else min(part.end, asked.start + FLIGHT_BYTES)
        self._free.append((asked.start, stop))
        return True

    def _past_the_end(self, answer: Response, asked: Span) -> bool:
        total = unsatisfied_total(answer.headers.get("content-range"))
        if self.size_bytes is None:
            if total is None and asked.start and self._arrived.prefix(Span(asked.start - 1, asked.start)):
                total = asked.start
            if total is None or total <= asked.start:
                self.size_bytes = total
                return False
        elif total not in {None, self.size_bytes}:
            raise SourceChanged("the file changed while it was read")
        raise RangesUnfit(Unreachable("the server refuses a range that lies within the file"))

    async def _whole(self, answer: Response, asked: Span) -> bool:
        """A 200 to a later request: another version, or a server that has stopped honouring ranges."""
        if not self._is_other_version(answer):
            fault = Unreachable("the server honoured one range request and ignored the next")
            raise RangesUnfit(fault, body=answer)
        await self._compare(answer, self._arrived.prefix(self._sample))
        return await self._accept(await self._got(asked), asked)

    def _is_other_version(self, answer: Response) -> bool:
        ours, theirs = self._exchange.validator, Validator.of(answer.headers)
        # A 206 to If-Range may leave the fields out: it would not be a 206 if the ETag did not match.
        return self._trusts_validators and ours != theirs and not (theirs is None and ours is not None and ours.strong)

    async def _compare(self, answer: Response, expected: bytes) -> None:
        """Raise ``SourceChanged`` unless ``answer`` begins with the bytes of the first. It is closed.

        Some servers send a new time or tag with every answer, or each of several servers sends its own. Where size and
        first bytes are the same, only the validators changed: they are ignored from then on.
        """
        body, seen = Body(answer, self._exchange), b""
        self._exchange.bytes_asked += len(expected)
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

    def _begun(self, answer: Response, part: ContentRange, asked: Span) -> _Part:
        """``part``, if it holds the first byte of ``asked`` and does not contradict itself."""
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
        # Those before the first that was asked for have to be read, those after the last have not.
        unasked = asked.start - part.start
        if unasked and (beyond := self._exchange.beyond(unasked)):
            raise beyond
        self._exchange.bytes_asked += min(part.end, asked.end) - part.start
        return _Part(answer, body, part, asked)
