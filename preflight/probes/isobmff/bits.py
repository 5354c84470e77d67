"""Reads a parameter set or a sequence header bit by bit."""

from __future__ import annotations

_MAX_BYTES = 1024
_MAX_ZEROS = 31


class EndOfBits(Exception):
    """The data end, or say something that no such data can."""


class Bits:
    """The bits of ``data``, of which no more than the first kilobyte is read."""

    def __init__(self, data: bytes) -> None:
        held = data[:_MAX_BYTES]
        self._value = int.from_bytes(held, "big")
        self._left = 8 * len(held)

    @classmethod
    def of_unit(cls, unit: bytes) -> Bits:
        """A unit of H.264 or HEVC without the bytes that keep start codes out of it (§7.4.1 of both)."""
        return cls(unit[:_MAX_BYTES].replace(b"\0\0\3", b"\0\0"))

    def take(self, count: int) -> int:
        """The next ``count`` bits as a number. Raises ``EndOfBits`` where there are fewer."""
        self._left -= count
        if self._left < 0:
            raise EndOfBits
        return self._value >> self._left & ((1 << count) - 1)

    def code(self) -> int:
        """An unsigned Exp-Golomb code (H.264 §9.1)."""
        zeros = self._left - (self._value & ((1 << self._left) - 1)).bit_length()
        if zeros > _MAX_ZEROS:
            raise EndOfBits
        self.take(zeros)
        return self.take(zeros + 1) - 1

    def skip_codes(self, count: int) -> None:
        for _ in range(count):
            self.code()
