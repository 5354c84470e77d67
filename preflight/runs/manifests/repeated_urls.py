"""Which URLs of a manifest stand in several rows: found while it is read once, in memory that does not grow with it.

A URL has a mark of 32 bits, whose place in a table of bits says whether it was there before. Two URLs may have one
place, so a URL that stands in one row may count as repeated: that costs a question, and is otherwise harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

_URL: Final = re.compile(r"https?://[^\s\"|\\]+", re.IGNORECASE)
"""A URL as far as cells and JSON texts write it alike."""

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_BYTES_A_BIT: Final = 4
"""Bytes of a manifest for each bit of the table: with two URLs a row, a table is filled to some percent."""
_LEAST_BITS, _MOST_BITS = 2**16, 2**28


@dataclass(frozen=True, slots=True)
class RepeatedUrls:
    """The URLs that stand in several rows, with some others. It can be sent to another process."""

    bits: bytes = field(repr=False)

    def has(self, source: str) -> bool:
        """Whether ``source`` is one of them."""
        found = _URL.match(source.strip())
        if found is None:
            return False
        place = crc32(found[0].encode("utf-8", "surrogatepass")) & (8 * len(self.bits) - 1)
        return bool(self.bits[place >> 3] & 1 << (place & 7))


class UrlCount:
    """Sees the rows of a manifest of ``size_bytes`` bytes go by."""

    def __init__(self, size_bytes: int) -> None:
        bits = _LEAST_BITS
        while bits < min(size_bytes // _BYTES_A_BIT, _MOST_BITS):
            bits *= 2
        self._last = bits - 1
        self._seen = bytearray(bits // 8)
        self._again = bytearray()

    def add_json(self, line: str) -> None:
        """A row as a line of JSON."""
        self.add(_ESCAPE.sub(_plain, line) if "\\" in line else line)

    def add(self, text: str) -> None:
        """A row as text."""
        seen, last = self._seen, self._last
        for url in _URL.findall(text):
            place = crc32(url.encode("utf-8", "surrogatepass")) & last
            at, bit = place >> 3, 1 << (place & 7)
            if not seen[at] & bit:
                seen[at] |= bit
                continue
            if not self._again:
                self._again = bytearray(len(seen))
            self._again[at] |= bit

    def repeated(self) -> RepeatedUrls | None:
        """The URLs that were there more than once; ``None`` where there is none."""
        return RepeatedUrls(bytes(self._again)) if self._again else None


def _plain(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else escape[2]
