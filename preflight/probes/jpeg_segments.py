"""Contents of JPEG segments (ITU-T T.81 §B.2), checked by the rules of libjpeg.

Each function returns how a segment breaks the format, in words that follow "the picture", or ``None``. libjpeg, and
with it Pillow, OpenCV and browsers, skips stray bytes and trusts the length of a segment that it does not read; in the
segments below it refuses the whole picture instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DHT, DAC, SOS, DQT, DRI, COM = 0xC4, 0xCC, 0xDA, 0xDB, 0xDD, 0xFE
FRAMES = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, DAC}
"""SOF0 to SOF15; DHT, JPG and DAC share the range."""
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""TEM and RST0 to RST7: markers without a segment."""
SKIPPED = frozenset({0xDC, *range(0xE0, 0xF0), COM})
"""DNL, APP0 to APP15 and COM, of which libjpeg trusts any length."""
CHECKED = frozenset({DHT, DQT, DRI})
WITH_LENGTH = SKIPPED | CHECKED | {DAC}
"""Markers of segments that may stand after the pixels."""
KNOWN = FRAMES | STANDALONE | SKIPPED | CHECKED | {DAC, SOS, 0xD8, 0xD9, 0xDE}
FIRST_FRAME = 0xC0
"""SOF0: every marker that means something, but for TEM, is this or higher."""
MAX_SIDE = 65_500
"""Pixels of a side that libjpeg takes (``JPEG_MAX_DIMENSION``)."""

_SEQUENTIAL = frozenset({0xC0, 0xC1})
_ARITHMETIC = 0xC9
_PROGRESSIVE_HUFFMAN = 0xC2
_PROGRESSIVE = frozenset({_PROGRESSIVE_HUFFMAN, 0xCA})
_QUANTISED = _SEQUENTIAL | _PROGRESSIVE | {_ARITHMETIC}
_MAX_BLOCKS = 10
"""Of all components of a scan together (§B.2.3)."""
_MAX_SHIFT = 13
"""Bits by which libjpeg takes a scan to be shifted (``Al``)."""
_STANDARD_TABLES = frozenset({0x00, 0x01, 0x10, 0x11})
"""Huffman tables of §K.3, which libjpeg-turbo assumes where a file has none, as a frame of Motion JPEG."""


@dataclass(slots=True, repr=False, eq=False)
class Tables:
    """The needs of a scan, as far as defined so far: ids of quantisation tables, of Huffman tables, components."""

    quantisation: set[int] = field(default_factory=set)
    huffman: set[int] = field(default_factory=set)
    frame: int | None = None
    components: dict[int, int] = field(default_factory=dict)
    """Component id to the id of its quantisation table."""
    blocks: dict[int, int] = field(default_factory=dict)
    """Component id to its blocks in a scan of several."""
    is_restarted: bool = False
    """Whether the scan has restart intervals."""
    ends_with_scan: bool = False
    """Whether the first scan holds all there is, so that none can follow."""

    def add(self, marker: int, body: bytes) -> str | None:
        """Take the tables of a segment of ``CHECKED``; ``body`` is what follows its length."""
        if marker == DQT:
            return self._add_quantisation(body)
        if marker == DHT:
            return self._add_huffman(body)
        self.is_restarted = any(body)
        return None if len(body) == 2 else _wrong_length(marker, body)

    def _add_quantisation(self, body: bytes) -> str | None:
        """§B.2.4.1."""
        at = 0
        while at < len(body):
            precision, table = body[at] >> 4, body[at] & 0xF
            if table > 3:
                return f"has a quantisation table with the impossible number {table}"
            self.quantisation.add(table)
            at += 129 if precision else 65
        return None if at == len(body) else _wrong_length(DQT, body)

    def _add_huffman(self, body: bytes) -> str | None:
        """§B.2.4.2."""
        at = 0
        while len(body) - at > 16:
            codes = sum(body[at + 1 : at + 17])
            if body[at] & 0xEF > 3:
                return f"has a Huffman table with the impossible number {body[at]}"
            if codes > min(256, len(body) - at - 17):
                return f"has a Huffman table of {codes} codes in the {len(body) - at - 17} bytes left of its segment"
            self.huffman.add(body[at])
            at += 17 + codes
        return None if at == len(body) else _wrong_length(DHT, body)

    def add_frame(self, marker: int, body: bytes) -> str | None:
        """§B.2.2. ``body`` has at least six bytes."""
        self.frame = marker
        count = body[5]
        if len(body) != 6 + 3 * count:
            return f"has a frame header of {len(body) + 2} bytes where {count} components take {8 + 3 * count}"
        for at in range(6, len(body), 3):
            if not (1 <= body[at + 1] >> 4 <= 4 and 1 <= body[at + 1] & 0xF <= 4):
                return f"has a component with the impossible sampling factors {body[at + 1]:#04x}"
            self.components[body[at]] = body[at + 2]
            self.blocks[body[at]] = (body[at + 1] >> 4) * (body[at + 1] & 0xF)
        return None

    def refused(self, body: bytes) -> str | None:
        """Why no scan can begin with this header (§B.2.3), or ``None``."""
        count = body[0] if body else 0
        if not 1 <= count <= 4 or len(body) != 4 + 2 * count:
            return f"has a scan header of {len(body) + 2} bytes where {count} components take {6 + 2 * count}"
        for at in range(1, 1 + 2 * count, 2):
            if body[at] not in self.components:
                return f"has a scan of component {body[at]}, which its frame header does not have"
            table = self.components[body[at]]
            if self.frame in _QUANTISED and table not in self.quantisation:
                return f"has no quantisation table {table}, which its component {body[at]} needs"
        if count > 1 and (blocks := sum(self.blocks[body[at]] for at in range(1, 1 + 2 * count, 2))) > _MAX_BLOCKS:
            return f"has a scan of {blocks} blocks at a time where {_MAX_BLOCKS} are the most"
        if self.frame in _PROGRESSIVE and not _is_progression(count, *body[-3:]):
            return "has a scan whose place in the progression is impossible"
        unknown = self._missing(body) - (_STANDARD_TABLES if self.frame in _SEQUENTIAL else frozenset())
        if unknown:
            return f"has no Huffman table {min(unknown)}, which its scan needs"
        self.ends_with_scan = self.frame not in _PROGRESSIVE and count == len(self.components)
        return None

    def refused_later(self, marker: int, body: bytes | None) -> str | None:
        """Why no picture can have this segment once pixels have begun, or ``None``. ``body`` is ``None`` if unread."""
        if marker in FRAMES:
            return "has a second frame header after its pixels have begun"
        if marker == SOS and self.ends_with_scan:
            return "has a second scan where the first one holds all pixels"
        if body is not None and marker in CHECKED:
            return self.add(marker, body)
        return self.refused(body) if body is not None and marker == SOS else None

    def assumed(self, body: bytes) -> bool:
        """Whether a scan that is not refused needs Huffman tables that the file does not define."""
        return bool(self._missing(body))

    def _missing(self, body: bytes) -> set[int]:
        """The Huffman tables that a scan needs and no segment has defined."""
        if self.frame not in _SEQUENTIAL and self.frame != _PROGRESSIVE_HUFFMAN:
            return set()
        chosen = [body[at] for at in range(2, len(body) - 3, 2)]
        direct, others = {pair >> 4 for pair in chosen}, {0x10 | pair & 0xF for pair in chosen}
        if self.frame == _PROGRESSIVE_HUFFMAN:  # one kind a scan, and none for further bits of the first coefficient
            needed = others if body[-3] else direct if not body[-1] >> 4 else set()
        else:
            needed = direct | others
        return needed - self.huffman


def _is_progression(components: int, first: int, last: int, shifts: int) -> bool:
    """Whether a scan of a progressive picture sends what one may send (§G.1.1.1), by libjpeg's bounds."""
    high, low = shifts >> 4, shifts & 0xF
    band = last == 0 if first == 0 else first <= last < 64 and components == 1
    return band and low <= _MAX_SHIFT and (high == 0 or low == high - 1)


def _wrong_length(marker: int, body: bytes) -> str:
    return f"has a segment FF{marker:02X} whose length of {len(body) + 2} bytes does not fit what it holds"
