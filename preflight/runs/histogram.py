"""How values are spread over bins. Every run, part and report has the bins of the same table, so that they compare."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

_SIZES: Final = (0, *(1 << power for power in range(10, 31)))

EDGES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "seconds": tuple(range(62)),
        "image_bytes": _SIZES,
        "video_bytes": _SIZES,
        "credits": tuple(range(0, 2401, 50)),
    }
)
"""The lower edges of the bins, by what they count. The counts of parts on disk depend on them."""


class Histogram:
    """How many values lie in each bin. A bin holds its lower edge; the last one has no upper."""

    def __init__(self, edges: tuple[int, ...]) -> None:
        self.edges = edges
        self.counts = [0] * len(edges)

    def add(self, value: float) -> None:
        """Count ``value``; one below the first edge is in the first bin."""
        self.counts[max(0, bisect_right(self.edges, value) - 1)] += 1

    def merge(self, counts: Iterable[int]) -> None:
        """Add the counts of another one. Raises ``ValueError`` for other bins."""
        self.counts = [mine + other for mine, other in zip(self.counts, counts, strict=True)]

    def bins(self) -> Iterator[tuple[int, int | None, int]]:
        """The bins that hold something: lower edge, upper edge, count."""
        for lower, upper, count in zip(self.edges, (*self.edges[1:], None), self.counts, strict=True):
            if count:
                yield lower, upper, count

    def to_object(self) -> dict[str, Any]:
        """The histogram as JSON."""
        return {"from": list(self.edges), "counts": self.counts}


def histograms() -> dict[str, Histogram]:
    """An empty histogram for each row of the table."""
    return {name: Histogram(edges) for name, edges in EDGES.items()}
