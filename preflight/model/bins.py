"""The bins in which figures over many jobs are counted. Runs, parts and reports have the same, so that they compare."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

_SIZES: Final = (0, *(1 << power for power in range(10, 31)))

EDGES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "seconds": tuple(range(62)),
        "image_bytes": _SIZES,
        "video_bytes": _SIZES,
        "credits": tuple(range(0, 2401, 50)),
    }
)
"""The lower edges of the bins, by what they count. The last one has no upper edge. The counts of parts on disk depend
on them."""


def bin_of(edges: tuple[int, ...], value: float | Fraction) -> int:
    """The number of the bin that ``value`` lies in. A bin holds its lower edge; below the first it is the first."""
    return max(0, bisect_right(edges, value) - 1)
