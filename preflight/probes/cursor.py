"""Reads at an offset for a probe, and asks the driver only for bytes that it does not hold yet."""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

from preflight.model import Defect, DefectKind, Span, SparseBytes
from preflight.model.facts import MediaError
from preflight.model.reading import FLIGHT_BYTES
from preflight.probes import limits


class Cursor:
    """The bytes of one source as far as a probe has read them, within the limits of ``limits.py``.

    ``size`` is the source's length in bytes, ``None`` when the server does not say. ``reads`` counts the reads.

    A read asks for a window, of which the first bytes are sent, and the others where a later read needs them. So a
    probe goes on while the rest of an answer arrives, and which bytes it was sent depends on the file alone.
    """

    def __init__(self, size: int | None) -> None:
        self.size = size
        self._held = SparseBytes()
        self.held = self._held.between
        """As many bytes of ``[start, end)`` as were sent: what is there can be had without a generator."""
        self._windows: list[tuple[int, int]] = []
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
        """Whether these bytes can be had without waiting: they were sent, or their window ends with the source.

        The end of a small file is worth the wait for the answer that it is in.
        """
        return self._covers(start, start + length, [window for window in self._windows if window[1] == self.size])

    def offers(self, start: int, length: int) -> bool:
        """Whether these bytes can be had without another request."""
        return self._covers(start, start + length, self._windows)

    def read(
        self, start: int, length: int, *, ahead: int = 0, leads_back: bool = False
    ) -> Generator[Span, bytes, bytes]:
        """``length`` bytes from ``start``: fewer only where the source ends, and none if they lead back and none can.

        When they have to be asked for, ``ahead`` bytes are, in the same request, because that costs a round trip and
        bytes hardly anything. Raises ``MediaError`` when the file has used up its spans or bytes.
        """
        end = self._end(start + length)
        while len(held := self.held(start, end)) < end - start:
            begin = start + len(held)
            window = self._window_end(begin)
            if window > begin:
                # More than is needed now: each step of a driver costs more than copying a few kilobytes.
                span = Span(begin, min(window, max(end, begin + limits.STEP_BYTES)))
            else:
                window = self._end(max(end, begin + ahead))
                self._count(start, window - begin)
                # Where nobody knows the end, only the whole window tells whether it is in there.
                stop = window if self.size is None else min(window, max(end, begin + FLIGHT_BYTES))
                span = Span(begin, stop, leads_back=leads_back, ahead=window)
            sent = yield span
            self._held.add(begin, sent)
            if len(sent) < len(span):
                return self.held(start, end)
            if span.ahead > span.end:
                self._windows.append((begin, window))
        return held

    def read_free(self, start: int, length: int) -> Generator[Span, bytes, bytes | None]:
        """Bytes of a window, ``None`` where others would have to be asked for, or these would have to be waited for."""
        held = self.held(start, start + length)
        if len(held) == length:
            return held
        if not self.offers(start, length):
            return None
        data = yield from self.read_optional(start, length)
        return data if data is not None and len(data) == length else None

    def read_optional(self, start: int, length: int, *, keep: bool = False) -> Generator[Span, bytes, bytes | None]:
        """Like ``read``, for bytes that are only worth having for free. ``None`` when they were not.

        Only with ``keep`` are they held for later reads: a picture's end may be looked for in thousands of places.
        """
        end = self._end(start + length)
        if end <= start or self.holds(start, end - start):
            return (yield from self.read(start, end - start))
        self._optional_bytes += end - start
        if self._optional_bytes > limits.MAX_OPTIONAL_BYTES:
            return None
        data = yield Span(start, end, optional=True)
        if keep:
            self._held.add(start, data)
        return data or None

    def _count(self, start: int, length: int) -> None:
        self.reads += 1
        self._bytes += length
        if self.reads > limits.MAX_SPANS or self._bytes > limits.MAX_BYTES:
            give_up(f"is laid out so that more than {limits.MAX_SPANS} reads would be needed", offset=start)

    def _end(self, end: int) -> int:
        """``end``, or the end of the source where that comes first."""
        return end if self.size is None or end <= self.size else self.size

    def _window_end(self, at: int) -> int:
        """Where the window ends that holds the byte at ``at``; ``at`` itself where there is none."""
        return max((end for start, end in self._windows if start <= at < end), default=at)

    def _covers(self, start: int, end: int, windows: list[tuple[int, int]]) -> bool:
        while start < end:
            known = start
            for begin, stop in windows:
                if begin <= known < stop:
                    known = stop
            if known < end:
                known += len(self.held(known, end))
            if known == start:
                return False
            start = known
        return True


def give_up(message: str, *, offset: int | None = None, where: str | None = None) -> NoReturn:
    """Raise for a file that goes beyond what the probes read: neither good nor bad."""
    raise MediaError(Defect(kind=DefectKind.UNREADABLE, message=message, offset=offset, where=where))
