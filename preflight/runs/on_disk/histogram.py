"""How values are spread over bins. Every run, part and report has the bins of the same table, so that they compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from preflight.model.bins import EDGES, bin_of


class Histogram:
    """How many values lie in each bin. A bin holds its lower edge; the last one has no upper."""

    def __init__(self, edges: tuple[int, ...]) -> None:
        self.edges = edges
        self.counts = [0] * len(edges)

    def add(self, value: float) -> None:
        """Count ``value``; one below the first edge is in the first bin."""
        self.counts[bin_of(self.edges, value)] += 1

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
