"""The remote reader over servers that misbehave: what it makes of each, and how little that costs."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.behaviours import BEHAVIOURS
from servers.lying import serving
from servers.reading import HASTY, QUICK, length_and_ends, read, reads, trusting

from preflight.errors import AddressRefused, HttpStatus, SourceChanged, SourceError, Unreachable
from preflight.model import Span
from preflight.sources.remote import RemoteLimits

DATA = bytes(range(251)) * 4000
ENDS = (len(DATA), DATA[:4], DATA[-4:])

# Behaviour, kind of fault, a part of its text, requests it may take.
FAULTS: list[tuple[str, type[SourceError], str, int]] = [
    ("status-401", HttpStatus, "401", 1),
    ("status-403", HttpStatus, "403", 1),
    ("status-404", HttpStatus, "404", 1),
    ("status-410", HttpStatus, "410", 1),
    ("status-429", HttpStatus, "429", 1),
    ("status-500", HttpStatus, "500", 1),
    ("status-503", HttpStatus, "503", 1),
    ("status-599", HttpStatus, "599", 1),
    ("status-201", Unreachable, "the server answered 201", 1),
    ("status-204", Unreachable, "the server answered 204", 1),
    ("status-300", Unreachable, "the server answered 300", 1),
    ("status-304", Unreachable, "the server answered 304", 1),
    ("status-101", Unreachable, "the server answered 101", 1),
    ("status-600", Unreachable, "the server answered 600", 1),
    ("status-999", Unreachable, "the server answered 999", 1),
    ("refused", Unreachable, "no connection could be made: it is refused", 0),
    ("honours-range-once", Unreachable, "once and then no more", 2),
    ("refuses-later-ranges", Unreachable, "refuses a range that lies within the file", 2),
    ("lies-about-range", Unreachable, "from 0 to 4 when asked for those from 1003996 to 1004000", 2),
    ("shifted-range", Unreachable, "from 1 to 65537 when asked for those from 0 to 65536", 1),
    ("narrow-range", Unreachable, "from 0 to 32768 when asked for those from 0 to 65536", 1),
    ("short-range", Unreachable, "closed after 32768 of 65536 bytes", 1),
    ("long-range", Unreachable, "more than the 65536 bytes", 1),
    ("range-length-lies", Unreachable, "announces 65543 bytes for a part of 65536", 1),
    ("no-content-range", Unreachable, "without saying which", 1),
    ("multipart", Unreachable, "answers one range with several", 1),
    ("changes-etag", SourceChanged, "changed while it was read", 4),
    ("changes-modified", SourceChanged, "changed while it was read", 4),
    ("changes-size", SourceChanged, "changed while it was read", 4),
    ("forces-gzip", Unreachable, "compresses the file ('gzip')", 1),
    ("forces-br", Unreachable, "compresses the file ('br')", 1),
    ("chunked-cut", Unreachable, "closed after 502000 bytes", 1),
    ("closes-early", Unreachable, "closed after 502000 of 1004000 bytes", 1),
    ("length-lies-long", Unreachable, "closed after 1004000 of 1005000 bytes", 1),
    ("closes-unanswered", Unreachable, "closed before an answer came", 1),
    ("not-http", Unreachable, "not valid HTTP", 1),
    ("huge-headers", Unreachable, "not valid HTTP", 1),
    ("many-headers", Unreachable, "not valid HTTP", 1),
    ("redirect-chain-6", Unreachable, "redirects more than 5 times", 6),
    ("redirect-loop", Unreachable, "redirects in a circle", 1),
    ("redirect-nowhere", Unreachable, "redirects without saying where to", 1),
    ("redirect-private", AddressRefused, "169.254.169.254 is a link-local address", 1),
    ("redirect-file", AddressRefused, "does not begin with http:// or https://", 1),
]

# Behaviours that only the deadline ends, and what is said then.
ENDLESS = {
    "stalls": "no answer came within 0.4 s",
    "drips-headers": "no answer came within 0.4 s",
    "endless-1xx": "no answer came within 0.4 s",
    "drips-body": "what was asked for did not come within 0.4 s",
}

# Behaviours that are odd and still give the file, with the requests and connections that they take.
HARMLESS = {
    "ok": (2, 1),
    "ignores-range": (1, 1),
    "refuses-range": (2, 1),
    "changes-once": (4, 2),
    "weak-etag": (2, 1),
    "no-validator": (2, 1),
    "says-identity": (1, 1),
    "no-length": (1, 1),
    "chunked": (1, 1),
    "http-1.0": (1, 1),
    "closes-reused": (3, 2),
    "redirect-chain-1": (3, 1),
    "redirect-chain-5": (7, 1),
}

ELSEWHERE = {
    "empty-body": "an empty file",
    "empty-range": "an empty file",
    "html": "a page",
    "json": "a page",
    "xml": "a page",
    "raw": "any answer at all",
    "redirect-to": "the guard",
    "redirect-https-to-http": "a redirect",
    "total-unknown": "a size that is not told",
    "endless": "a size that is not told",
    "gzip-bomb": "a bomb",
    "closes-idle": "a connection that is gone",
    "length-lies-short": "a lie that cannot be told",
}


def test_every_behaviour_is_tried() -> None:
    tried = {*HARMLESS, *ENDLESS, *ELSEWHERE, *(name for name, *_ in FAULTS)}

    assert set(BEHAVIOURS) <= tried


@pytest.mark.parametrize(("behaviour", "kind", "reason", "requests"), FAULTS, ids=[name for name, *_ in FAULTS])
def test_a_lie_is_a_fault_with_its_reason(behaviour: str, kind: type[SourceError], reason: str, requests: int) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url(behaviour, "x.mp4"), length_and_ends)

    assert reading.facts is None
    assert type(reading.fault) is kind
    assert reason in str(reading.fault)
    assert len(server.log.requests) == requests
    assert reading.transfer.requests == max(requests, 1)
    assert reading.transfer.connections == server.log.connections == min(requests, 1)
    assert reading.transfer.bytes <= len(DATA)


def test_a_status_is_an_attribute_and_part_of_the_transfer() -> None:
    with serving({}) as server:
        reading = read(server.url("status-403", "x.mp4"), length_and_ends)

    assert isinstance(reading.fault, HttpStatus)
    assert reading.fault.status == reading.transfer.status == 403
    assert reading.transfer.declared_type == "text/plain"


@pytest.mark.parametrize(("behaviour", "reason"), ENDLESS.items(), ids=list(ENDLESS))
def test_one_deadline_ends_whatever_the_server_drips(behaviour: str, reason: str) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url(behaviour, "x.mp4"), length_and_ends, limits=HASTY)

    assert isinstance(reading.fault, Unreachable)
    assert reason in str(reading.fault)
    assert (reading.transfer.requests, reading.transfer.connections) == (1, 1)
    assert reading.transfer.bytes < 65536


def test_a_name_that_is_looked_up_for_ever_is_ended_by_the_deadline_too() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    reading = read("http://files.example/x.mp4", length_and_ends, limits=HASTY, resolve=resolve)

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault) == "no connection was made within 0.4 s"


@pytest.mark.parametrize(("behaviour", "cost"), HARMLESS.items(), ids=list(HARMLESS))
def test_what_is_merely_odd_is_read_all_the_same(behaviour: str, cost: tuple[int, int]) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url(behaviour, "x.mp4"), length_and_ends)

    assert reading.fault is None
    assert reading.facts == ENDS
    assert (reading.transfer.requests, reading.transfer.connections) == cost
    assert (len(server.log.requests), server.log.connections) == cost


def test_a_connection_that_was_closed_while_idle_is_made_again() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("closes-idle", "x.mp4"), length_and_ends)

    assert reading.facts == ENDS
    assert reading.transfer.connections == server.log.connections == 2
    assert len(server.log.requests) == 2


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

    ends = () if behaviour == "ignores-range" else ((len(DATA) - 65536, DATA[-65536:]),)
    assert reading.facts == (DATA[:10], DATA[500_000:500_100])
    assert reading.transfer.ranges is False
    assert reading.fetched.pieces() == ((0, DATA[:65536]), (500_000, DATA[500_000:500_100]), *ends)
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
    assert str(needed.fault) == "the server knows no ranges, and byte 200000 is needed after it went by"
    assert optional.facts == (DATA[500_000:500_100], b"")


def test_a_body_is_not_read_beyond_the_stream_budget() -> None:
    limits = RemoteLimits(deadline_s=5, stream_budget_bytes=300_000)
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("ignores-range", "x.mp4"), length_and_ends, limits=limits)

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault) == "the server knows no ranges, and byte 1003999 lies behind the first 300000"
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


@pytest.mark.parametrize("size", [3, 65_535])
def test_a_range_that_ends_early_tells_the_size_where_the_total_does_not(size: int) -> None:
    with serving({"x.mp4": DATA[:size]}) as server:
        reading = read(server.url("total-unknown", "x.mp4"), length_and_ends)

    assert reading.size_bytes == size
    assert reading.facts == (size, DATA[: min(size, 4)], DATA[max(size - 4, 0) : size])


def test_ranges_work_without_a_total_and_past_the_end_nothing_comes() -> None:
    spans = [Span(500_000, 500_010), Span(len(DATA) - 2, len(DATA) + 10), Span(2_000_000, 2_000_010)]
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("total-unknown", "x.mp4"), reads(*spans))

    assert reading.facts == (DATA[500_000:500_010], DATA[-2:], b"")
    assert reading.size_bytes == len(DATA)


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


def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    with serving({"x.mp4": DATA}, tls=True) as server:
        reading = read(server.url("redirect-https-to-http", "x.mp4"), length_and_ends, make_tls=trusting)

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault) == "it redirects from https to http"
    assert len(server.log.requests) == 1


@pytest.mark.parametrize(
    "location",
    ["/ok/x.mp4", "../ok/x.mp4", "http://{host}/ok/x.mp4", "//{host}/ok/x.mp4", " /ok/x.mp4 ", "/ok/x.mp4#top"],
)
def test_a_redirect_may_be_written_in_every_way(location: str) -> None:
    with serving({"x.mp4": DATA}) as server:
        server.files["here"] = location.format(host=server.authority).encode()
        reading = read(server.url("redirect-to", "here"), length_and_ends)

    assert reading.facts == ENDS
    assert reading.transfer.redirects == 1


ANSWER = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-15/16\r\n"
    b'Content-Length: 16\r\nETag: "v1"\r\nTransfer-Encoding: identity\r\n\r\n0123456789abcdef'
)

PIECES = [
    *[
        b"\r\n",
        b"\n",
        b"\x00",
        b"HTTP/1.1",
        b" 200 ",
        b"Content-Length: ",
        b"-1",
        b"99999999999999999999",
        b"bytes */*",
    ],
    *[b"Transfer-Encoding: chunked\r\n", b"Content-Range: bytes 0-0/*\r\n", b"Location: http://[\r\n", b"0\r\n\r\n"],
    *[
        b"bytes */*",
        b"Set-Cookie: a=b; Max-Age=x\r\n",
        b"Content-Encoding: gzip\r\n",
        b"\xff\xfe",
        b"Connection: upgrade\r\n",
        b":",
    ],
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_answer_at_all_raises_anything_or_takes_longer_than_the_deadline(data: st.DataObject) -> None:
    answer = bytearray(ANSWER.replace(b"206", data.draw(st.sampled_from([b"206", b"200", b"302", b"416"]))))
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(answer)))
        end = data.draw(st.integers(start, min(start + 12, len(answer))))
        answer[start:end] = data.draw(st.sampled_from(PIECES) | st.binary(max_size=6))

    with serving({"x.mp4": bytes(answer)}) as server:
        reading = read(server.url("raw", "x.mp4"), length_and_ends, limits=QUICK)

    assert (reading.facts is None) == (reading.fault is not None)
    assert reading.fault is None or isinstance(reading.fault, SourceError)
