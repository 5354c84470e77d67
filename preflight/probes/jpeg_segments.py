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
KNOWN = FRAMES | STANDALONE | SKIPPED | CHECKED | {DAC, SOS, 0xD8, 0xD9, 0xDE}

_SEQUENTIAL = frozenset({0xC0, 0xC1})
_QUANTISED = _SEQUENTIAL | {0xC2, 0xC9, 0xCA}
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

    def add(self, marker: int, body: bytes) -> str | None:
        """Take the tables of a segment of ``CHECKED``; ``body`` is what follows its length."""
        if marker == DQT:
            return self._add_quantisation(body)
        if marker == DHT:
            return self._add_huffman(body)
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
        unknown = self._missing(body) - _STANDARD_TABLES
        return f"has no Huffman table {min(unknown)}, which its scan needs" if unknown else None

    def assumed(self, body: bytes) -> bool:
        """Whether a scan that is not refused needs Huffman tables that the file does not define."""
        return bool(self._missing(body))

    def _missing(self, body: bytes) -> set[int]:
        if self.frame not in _SEQUENTIAL:
            return set()
        tables = {body[at] >> 4 for at in range(2, len(body) - 3, 2)}
        tables |= {0x10 | body[at] & 0xF for at in range(2, len(body) - 3, 2)}
        return tables - self.huffman


def _wrong_length(marker: int, body: bytes) -> str:
    return f"has a segment FF{marker:02X} whose length of {len(body) + 2} bytes does not fit what it holds"
