"""The remote reader over right servers: how much it asks for, and what it brings back."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from preflight.errors import Unreachable
from preflight.model import MakeProbe, Probe, Span
from preflight.sources.remote import RemoteLimits, RemoteReader
from preflight.sources.url import AllowedHost
from tests.servers.lying import serving
from tests.servers.reading import QUICK, length_and_ends, read, reads

FIRST = "bytes=0-65535"
DATA = bytes(range(251)) * 4000  # 1 004 000 bytes, in which no two places nearby look alike


def box(fourcc: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), fourcc) + payload


MOOV_FIRST = box(b"ftyp", b"isom" * 4) + box(b"moov", b"m" * 5000) + box(b"mdat", b"d" * 900_000)
MOOV_LAST = box(b"ftyp", b"isom" * 4) + box(b"mdat", b"d" * 900_000) + box(b"moov", b"m" * 5000)


def find_moov(size: int | None) -> Probe[bytes | None]:
    """Walks over the boxes; after ``mdat`` it asks for all that follows at once."""
    assert size is not None
    offset, ask = 0, 8
    while offset < size:
        header = yield Span(offset, min(offset + ask, size))
        length, fourcc = struct.unpack(">I4s", header[:8])
        if fourcc == b"moov":
            return (yield Span(offset, offset + length))
        offset, ask = offset + length, size if fourcc == b"mdat" else 8
    return None


def test_a_clip_with_moov_first_is_read_in_one_request_of_64_kilobytes() -> None:
    with serving({"x.mp4": MOOV_FIRST}) as server:
        reading = read(server.url("ok", "x.mp4"), find_moov)

    assert reading.facts == MOOV_FIRST[24:5032]
    assert server.log.ranges("x.mp4") == [FIRST]
    transfer = reading.transfer
    assert (transfer.requests, transfer.connections, transfer.bytes, transfer.bytes_asked) == (1, 1, 65536, 65536)
    assert 5032 <= transfer.bytes_received <= 65536


def test_a_clip_with_moov_last_is_read_in_two_requests_on_one_connection() -> None:
    with serving({"x.mp4": MOOV_LAST}) as server:
        reading = read(server.url("ok", "x.mp4"), find_moov)

    tail = len(MOOV_LAST) - 5008
    assert reading.facts == MOOV_LAST[tail:]
    assert server.log.ranges("x.mp4") == [FIRST, f"bytes={tail}-{len(MOOV_LAST) - 1}"]
    assert (reading.transfer.requests, reading.transfer.connections) == (2, 1)
    assert reading.transfer.bytes == 65536 + 5008
    assert server.log.connections == 1


def test_the_second_request_carries_the_strong_etag_of_the_first() -> None:
    with serving({"x.mp4": DATA}) as server:
        read(server.url("ok", "x.mp4"), length_and_ends)

    first, second = server.log.requests
    assert "if-range" not in first.headers
    assert second.headers["if-range"] == '"v1"'


@pytest.mark.parametrize("behaviour", ["weak-etag", "strange-etag", "no-validator"])
def test_what_is_no_strong_etag_is_not_sent_back(behaviour: str) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url(behaviour, "x.mp4"), length_and_ends)

    assert reading.facts == (len(DATA), DATA[:4], DATA[-4:])
    assert not any("if-range" in request.headers for request in server.log.requests)


def test_a_small_file_is_complete_after_the_first_request() -> None:
    with serving({"x.png": b"tiny picture"}) as server:
        reading = read(server.url("ok", "x.png"), length_and_ends)

    assert reading.facts == (12, b"tiny", b"ture")
    assert reading.transfer.bytes == 12
    assert len(server.log.requests) == 1


def test_what_the_server_says_is_kept_beside_the_facts() -> None:
    with serving({"x.mp4": DATA}, types={"x.mp4": "Video/MP4; codecs=avc1"}) as server:
        reading = read(server.url("ok", "x.mp4"), length_and_ends)

    transfer = reading.transfer
    assert (transfer.status, transfer.declared_type, transfer.ranges) == (206, "video/mp4", True)
    assert (transfer.validator, transfer.redirects) == ('"v1"', 0)
    assert transfer.elapsed_ms >= 0
    assert reading.size_bytes == len(DATA)
    assert reading.fault is None


def test_the_bytes_that_the_probe_was_sent_are_kept_and_the_holes_between_them_too() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), reads(Span(500_000, 500_100), Span(10, 20)))

    assert reading.facts == (DATA[500_000:500_100], DATA[10:20])
    assert reading.fetched.pieces() == ((10, DATA[10:20]), (500_000, DATA[500_000:500_100]))


def test_a_span_that_is_partly_known_is_asked_for_from_its_first_unknown_byte() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), reads(Span(65_000, 66_000)))

    assert reading.facts == (DATA[65_000:66_000],)
    assert server.log.ranges("x.mp4") == [FIRST, "bytes=65536-65999"]


def test_no_byte_is_asked_for_twice() -> None:
    spans = [Span(100_000, 100_500), Span(100_100, 100_200), Span(100_400, 100_600), Span(100_000, 100_600)]
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), reads(*spans))

    assert reading.facts == tuple(DATA[span.start : span.end] for span in spans)
    assert server.log.ranges("x.mp4") == [FIRST, "bytes=100000-100499", "bytes=100500-100599"]


@pytest.mark.parametrize("span", [Span(len(DATA), len(DATA) + 9), Span(5_000_000, 5_000_008), Span(7, 7)], ids=str)
def test_a_span_past_the_end_or_without_length_costs_nothing(span: Span) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), reads(span))

    assert reading.facts == (b"",)
    assert len(server.log.requests) == 1


def test_a_span_across_the_end_is_cut_to_the_file() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), reads(Span(len(DATA) - 3, len(DATA) + 100)))

    assert reading.facts == (DATA[-3:],)


def test_optional_bytes_are_not_paid_for_unless_they_are_here_already() -> None:
    free, dear = Span(10, 20, optional=True), Span(500_000, 500_010, optional=True)
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), reads(free, dear))

    assert reading.facts == (DATA[10:20], b"")
    assert len(server.log.requests) == 1


def test_optional_bytes_are_fetched_by_a_deep_reading() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), reads(Span(500_000, 500_010, optional=True)), deep=True)

    assert reading.facts == (DATA[500_000:500_010],)
    assert len(server.log.requests) == 2


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (RemoteLimits(deadline_s=5, budget_bytes=100_000), "reading it takes more than 100000 bytes"),
        (RemoteLimits(deadline_s=5, requests=1), "reading it takes more than 1 requests"),
    ],
    ids=["bytes", "requests"],
)
def test_needed_bytes_beyond_the_limits_end_the_reading_and_optional_ones_do_not(
    limits: RemoteLimits, reason: str
) -> None:
    with serving({"x.mp4": DATA}) as server:
        url = server.url("ok", "x.mp4")
        needed = read(url, reads(Span(200_000, 300_000)), limits=limits)
        optional = read(url, reads(Span(200_000, 300_000, optional=True)), limits=limits, deep=True)

    assert isinstance(needed.fault, Unreachable)
    assert str(needed.fault) == reason
    assert needed.transfer.bytes == 65536
    assert optional.facts == (b"",)
    assert optional.fault is None


def test_a_probe_that_never_ends_is_ended() -> None:
    def circle(_size: int | None) -> Probe[None]:
        while True:
            yield Span(0, 8)

    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ok", "x.mp4"), circle)

    assert isinstance(reading.fault, Unreachable)
    assert "4096 spans" in str(reading.fault)


def test_what_the_probe_raises_is_not_taken_for_a_fault_of_the_source() -> None:
    def broken(_size: int | None) -> Probe[None]:
        yield Span(0, 8)
        raise ZeroDivisionError

    with serving({"x.mp4": DATA}) as server, pytest.raises(ZeroDivisionError):
        read(server.url("ok", "x.mp4"), broken)


@pytest.mark.parametrize("behaviour", ["empty-body", "empty-range"])
def test_an_empty_file_is_a_file_of_no_bytes(behaviour: str) -> None:
    with serving({"x.mp4": b""}) as server:
        reading = read(server.url(behaviour, "x.mp4"), length_and_ends)

    assert reading.facts == (0, b"", b"")
    assert reading.size_bytes == 0
    assert len(server.log.requests) == 1


def test_a_file_on_disk_of_100_megabytes_costs_no_more_than_a_small_one(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    with path.open("wb") as file:
        file.truncate(100_000_000)
        file.seek(99_999_996)
        file.write(b"last")
    with serving({"x.mp4": path}) as server:
        reading = read(server.url("ok", "x.mp4"), length_and_ends)

    assert reading.facts == (100_000_000, bytes(4), b"last")
    assert reading.transfer.bytes == 65540


def test_one_reader_serves_many_urls_at_once() -> None:
    async def run(urls: list[str], make_probe: MakeProbe[object]) -> list[object]:
        async with RemoteReader(allow=[AllowedHost.parse("127.0.0.1")], limits=QUICK) as reader:
            readings = await asyncio.gather(*(reader.read(url, make_probe) for url in urls))
        return [reading.facts for reading in readings]

    with serving({f"{number}.bin": bytes([number]) * 100_000 for number in range(40)}) as server:
        facts = asyncio.run(run([server.url("ok", f"{number}.bin") for number in range(40)], length_and_ends))

    assert facts == [(100_000, bytes([number]) * 4, bytes([number]) * 4) for number in range(40)]
    assert server.log.connections == 40
