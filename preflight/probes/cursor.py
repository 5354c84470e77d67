"""Reading at an offset, for probes: asks the driver only for what it does not hold yet."""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

from preflight.errors import MediaError
from preflight.model import Defect, DefectKind, Span, SparseBytes
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

    def read(self, start: int, length: int, *, ahead: int = 0) -> Generator[Span, bytes, bytes]:
        """``length`` bytes from ``start``: fewer only where the source ends.

        When they have to be asked for, ``ahead`` bytes are, in the same span, because a read costs a round trip and
        bytes hardly anything. Raises ``MediaError`` when the file has used up its spans or bytes.
        """
        wanted = self._clip(start, length)
        held = self._held.prefix(wanted)
        if len(held) == len(wanted):
            return held
        begin = start + len(held)
        span = self._clip(begin, max(wanted.end - begin, ahead))
        self.reads += 1
        self._bytes += len(span)
        if self.reads > limits.MAX_SPANS or self._bytes > limits.MAX_BYTES:
            give_up(f"is laid out so that more than {limits.MAX_SPANS} reads would be needed", offset=start)
        self._held.add(begin, (yield span))
        return self._held.prefix(wanted)

    def read_optional(self, start: int, length: int, *, keep: bool = False) -> Generator[Span, bytes, bytes | None]:
        """Like ``read``, for bytes that are only worth having for free. ``None`` when they were not.

        Only with ``keep`` are they held for later reads: a picture's end may be looked for in thousands of places.
        """
        wanted = self._clip(start, length)
        held = self._held.prefix(wanted)
        if len(held) == len(wanted):
            return held
        self._optional_bytes += len(wanted)
        if self._optional_bytes > limits.MAX_OPTIONAL_BYTES:
            return None
        data = yield Span(wanted.start, wanted.end, optional=True)
        if keep:
            self._held.add(wanted.start, data)
        return data or None

    def _clip(self, start: int, length: int) -> Span:
        end = start + length if self.size is None else min(start + length, self.size)
        return Span(start, max(start, end))


def give_up(message: str, *, offset: int | None = None, where: str | None = None) -> NoReturn:
    """Raise for a file that goes beyond what the probes read: neither good nor bad."""
    raise MediaError(Defect(kind=DefectKind.UNREADABLE, message=message, offset=offset, where=where))
