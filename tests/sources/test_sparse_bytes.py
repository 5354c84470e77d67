"""What was fetched of a source: every byte is held, and counted, once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preflight.model import SparseBytes

SOURCE = bytes(range(200)) * 3
spans = st.tuples(st.integers(0, 590), st.integers(0, 120)).map(lambda span: (span[0], min(sum(span), 600)))


def test_reads_that_overlap_are_counted_once() -> None:
    """As of a large clip: its first 64 KiB, its end, and what lies between the two in part."""
    fetched = SparseBytes()
    for start, end in ((0, 300), (250, 400), (100, 350), (0, 400)):
        fetched.add(start, SOURCE[start:end])
    assert len(fetched) == 400
    assert fetched.between(0, 400) == SOURCE[:400]


@given(st.lists(spans, max_size=20), spans)
def test_whatever_the_order_each_byte_is_held_once(added: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    fetched = SparseBytes()
    known: set[int] = set()
    for start, end in added:
        fetched.add(start, SOURCE[start:end])
        known.update(range(start, end))
    assert len(fetched) == len(known)
    pieces = fetched.pieces()
    assert sum(len(data) for _, data in pieces) == len(known)
    assert all(SOURCE[start : start + len(data)] == data for start, data in pieces)
    assert [start for start, _ in pieces] == sorted(start for start, _ in pieces)
    start, end = asked
    there = next((at for at in range(start, end) if at not in known), end)
    assert fetched.between(start, end) == SOURCE[start:there]


def test_a_byte_that_was_held_first_is_kept() -> None:
    fetched = SparseBytes()
    fetched.add(10, b"bbbb")
    fetched.add(8, b"aaaaaaaa")
    assert fetched.between(8, 16) == b"aabbbbaa"
