"""The remote reader over servers without ranges: one body, read on and never back."""

from __future__ import annotations

import pytest

from preflight.errors import Unreachable
from preflight.model import Span
from preflight.sources.remote import RemoteLimits
from tests.servers.lying import serving
from tests.servers.reading import length_and_ends, read, reads

DATA = bytes(range(251)) * 4000


def test_a_short_body_that_breaks_off_is_a_fault_too() -> None:
    with serving({"x.mp4": DATA[:50_000]}) as server:
        reading = read(server.url("closes-early", "x.mp4"), length_and_ends)

    assert str(reading.fault) == "the connection was closed after 25000 of 50000 bytes"


@pytest.mark.parametrize("kind", ["html", "json", "xml"])
def test_a_page_instead_of_the_file_is_left_to_the_probe(kind: str) -> None:
    with serving({}) as server:
        reading = read(server.url(kind, "x.mp4"), reads(Span(0, 5)))

    assert reading.fault is None
    assert reading.transfer.declared_type is not None
    assert kind in reading.transfer.declared_type


@pytest.mark.parametrize("behaviour", ["ignores-range", "chunked", "no-length"])
def test_a_body_without_ranges_is_read_once_and_only_what_was_asked_for_is_kept(behaviour: str) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url(behaviour, "x.mp4"), reads(Span(0, 10), Span(500_000, 500_100)))

    assert reading.facts == (DATA[:10], DATA[500_000:500_100])
    assert reading.transfer.ranges is False
    assert reading.fetched.pieces() == ((0, DATA[:10]), (500_000, DATA[500_000:500_100]))
    assert len(server.log.requests) == 1


def test_a_body_without_ranges_is_not_read_further_than_asked() -> None:
    with serving({"x.mp4": bytes(50_000_000)}) as server:
        reading = read(server.url("ignores-range", "x.mp4"), reads(Span(100_000, 100_100)))

    assert reading.size_bytes == 50_000_000
    assert reading.transfer.bytes < 2_000_000


def test_bytes_that_went_by_cannot_be_had_again() -> None:
    with serving({"x.mp4": DATA}) as server:
        url = server.url("ignores-range", "x.mp4")
        needed = read(url, reads(Span(500_000, 500_100), Span(200_000, 200_010)))
        optional = read(url, reads(Span(500_000, 500_100), Span(200_000, 200_010, optional=True)), deep=True)

    assert isinstance(needed.fault, Unreachable)
    assert str(needed.fault) == "the server ignores ranges, and byte 200000 is needed after it was passed"
    assert optional.facts == (DATA[500_000:500_100], b"")


def test_a_body_is_not_read_beyond_the_stream_budget() -> None:
    limits = RemoteLimits(deadline_s=5, stream_budget_bytes=300_000)
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ignores-range", "x.mp4"), length_and_ends, limits=limits)

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault) == "the server ignores ranges, and byte 1003999 is not among the first 300000"
    assert reading.transfer.bytes < 700_000


def test_the_size_of_an_endless_body_stays_unknown_and_costs_the_budget_at_most() -> None:
    limits = RemoteLimits(deadline_s=5, stream_budget_bytes=1_000_000)
    with serving({}) as server:
        reading = read(server.url("endless", "x.mp4"), length_and_ends, limits=limits)

    assert reading.facts == (None, bytes(4), b"")
    assert reading.size_bytes is None
    assert reading.transfer.bytes < 1_500_000


@pytest.mark.parametrize("size", [0, 3, 65_535, 65_536, 65_537, 200_000])
def test_a_size_that_is_not_told_is_learned_where_the_body_ends(size: int) -> None:
    with serving({"x.mp4": DATA[:size]}) as server:
        reading = read(server.url("chunked", "x.mp4"), length_and_ends)

    assert reading.facts == (size, DATA[: min(size, 4)], DATA[max(size - 4, 0) : size])
    assert reading.size_bytes == size


def test_a_bomb_is_never_inflated() -> None:
    with serving({}) as server:
        reading = read(server.url("gzip-bomb", "x.mp4"), length_and_ends)

    assert isinstance(reading.fault, Unreachable)
    assert reading.transfer.bytes == 0


def test_a_length_that_is_too_short_looks_like_a_shorter_file() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("length-lies-short", "x.mp4"), length_and_ends)

    half = len(DATA) // 2
    assert reading.facts == (half, DATA[:4], DATA[half - 4 : half])


def test_a_server_that_refuses_ranges_and_the_whole_file_is_a_fault() -> None:
    refusing = b"HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with serving({"x.mp4": refusing}) as server:
        reading = read(server.url("raw", "x.mp4"), length_and_ends)

    assert str(reading.fault) == "the server refuses every range request, and the request for the whole file"
    assert server.log.ranges("x.mp4") == ["bytes=0-65535", None]
