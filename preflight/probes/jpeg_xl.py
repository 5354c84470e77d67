"""The size header of a JPEG XL codestream (ISO/IEC 18181-1 §D.2)."""

from __future__ import annotations

_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_LENGTHS = (9, 13, 18, 30)


class _Bits:
    """Bits, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._bits & (1 << count) - 1
        self._bits >>= count
        return value


def read_size_header(data: bytes) -> tuple[int, int] | None:
    """Width and height in stored pixels; ``data`` begins after the signature."""
    if len(data) < 9:
        return None
    bits = _Bits(data)
    is_small = bits.take(1) == 1
    height = _side(bits, is_small=is_small)
    ratio = bits.take(3)
    if not ratio:
        return _side(bits, is_small=is_small), height
    across, down = _RATIOS[ratio]
    return height * across // down, height


def _side(bits: _Bits, *, is_small: bool) -> int:
    return 8 * (bits.take(5) + 1) if is_small else bits.take(_LENGTHS[bits.take(2)]) + 1
