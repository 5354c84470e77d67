"""Reads at an offset for a probe, and asks the driver only for bytes that it does not hold yet."""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

from preflight.model import Defect, DefectKind, Span, SparseBytes
from preflight.model.facts import MediaError
from preflight.probes import limits


class Cursor:
    """The bytes of one source as far as a probe has read them, within the limits of ``limits.py``.

    ``size`` is the source's length in bytes, ``None`` when the server does not say. ``reads`` counts the reads.
    """

    def __init__(self, size: int | None) -> None:
        self.size = size
        self._held = SparseBytes()
        self.reads = 0
        self._bytes = 0
        self._optional_bytes = 0

    @classmethod
    def over(cls, data: bytes) -> Cursor:
        """A source that is held whole: nothing is asked for."""
        cursor = cls(len(data))
        cursor._held.add(0, data)
        return cursor

    def holds(self, start: int, length: int) -> bool:
        """Whether these bytes can be had without asking."""
        return len(self._held.between(start, start + length)) == length

    def read(
        self, start: int, length: int, *, ahead: int = 0, leads_back: bool = False
    ) -> Generator[Span, bytes, bytes]:
        """``length`` bytes from ``start``: fewer only where the source ends, and none if they lead back and none can.

        When they have to be asked for, ``ahead`` bytes are, in the same span, because a read costs a round trip and
        bytes hardly anything. Raises ``MediaError`` when the file has used up its spans or bytes.
        """
        end = self._end(start + length)
        held = self._held.between(start, end)
        if len(held) >= end - start:
            return held
        begin = start + len(held)
        span = Span(begin, self._end(max(end, begin + ahead)), leads_back=leads_back)
        self.reads += 1
        self._bytes += len(span)
        if self.reads > limits.MAX_SPANS or self._bytes > limits.MAX_BYTES:
            give_up(f"is laid out so that more than {limits.MAX_SPANS} reads would be needed", offset=start)
        self._held.add(begin, (yield span))
        return self._held.between(start, end)

    def read_optional(self, start: int, length: int, *, keep: bool = False) -> Generator[Span, bytes, bytes | None]:
        """Like ``read``, for bytes that are only worth having for free. ``None`` when they were not.

        Only with ``keep`` are they held for later reads: a picture's end may be looked for in thousands of places.
        """
        end = self._end(start + length)
        held = self._held.between(start, end)
        if len(held) >= end - start:
            return held
        self._optional_bytes += end - start
        if self._optional_bytes > limits.MAX_OPTIONAL_BYTES:
            return None
        data = yield Span(start, end, optional=True)
        if keep:
            self._held.add(start, data)
        return data or None

    def _end(self, end: int) -> int:
        """``end``, or the end of the source where that comes first."""
        return end if self.size is None or end <= self.size else self.size


def give_up(message: str, *, offset: int | None = None, where: str | None = None) -> NoReturn:
    """Raise for a file that goes beyond what the probes read: neither good nor bad."""
    raise MediaError(Defect(kind=DefectKind.UNREADABLE, message=message, offset=offset, where=where))
