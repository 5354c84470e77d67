"""The remote reader over servers that misbehave: what it makes of each, and how little that costs."""

from __future__ import annotations

import asyncio

import pytest

from preflight.errors import AddressRefused, HttpStatus, SourceChanged, SourceError, Unreachable
from preflight.model import Span
from tests.servers.behaviours import BEHAVIOURS
from tests.servers.lying import serving
from tests.servers.reading import HASTY, length_and_ends, read, reads, trusting

DATA = bytes(range(251)) * 4000
ENDS = (len(DATA), DATA[:4], DATA[-4:])

# Behaviour, kind of fault, a part of its text, requests it may take.
FAULTS: list[tuple[str, type[SourceError], str, int]] = [
    ("status-401", HttpStatus, "401", 2),
    ("status-403", HttpStatus, "403", 2),
    ("status-404", HttpStatus, "404", 2),
    ("status-410", HttpStatus, "410", 2),
    ("status-429", HttpStatus, "429", 1),
    ("status-500", HttpStatus, "500", 2),
    ("status-503", HttpStatus, "503", 2),
    ("status-599", HttpStatus, "599", 2),
    ("status-201", Unreachable, "the server answered 201", 1),
    ("status-204", Unreachable, "the server answered 204", 1),
    ("status-300", Unreachable, "the server answered 300", 1),
    ("status-304", Unreachable, "the server answered 304", 1),
    ("status-101", Unreachable, "the server answered 101", 1),
    ("status-600", Unreachable, "the server answered 600", 1),
    ("status-999", Unreachable, "the server answered 999", 1),
    ("refused", Unreachable, "no connection could be made: it is refused", 0),
    ("shifted-range", Unreachable, "from 1 to 65537 when asked for those from 0 to 65536", 2),
    ("multipart", Unreachable, "answers one range with several", 2),
    ("other-bytes", SourceChanged, "changed while it was read", 6),
    ("other-bytes-untold", SourceChanged, "changed while it was read", 6),
    ("shrinks", SourceChanged, "changed while it was read", 4),
    ("changes-size", SourceChanged, "changed while it was read", 4),
    ("forces-gzip", Unreachable, "compresses the file ('gzip')", 1),
    ("forces-br", Unreachable, "compresses the file ('br')", 1),
    ("chunked-cut", Unreachable, "closed after 502000 bytes", 1),
    ("closes-early", Unreachable, "closed after 502000 of 1004000 bytes", 1),
    ("length-lies-long", Unreachable, "closed after 1004000 of 1005000 bytes", 1),
    ("closes-unanswered", Unreachable, "closed before an answer came", 1),
    ("not-http", Unreachable, "not valid HTTP", 1),
    ("huge-headers", Unreachable, "the header of the answer is longer than 65536 bytes", 1),
    ("many-headers", Unreachable, "the header of the answer has more than 128 fields", 1),
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
    "drips-body": "the requested bytes did not come within 0.4 s",
}

# Behaviours that are odd and still give the file, with the requests and connections that they take.
HARMLESS = {
    "ok": (2, 1),
    "ignores-range": (1, 1),
    "refuses-range": (2, 1),
    "narrow-range": (4, 1),
    "capped-range": (2, 1),
    "wide-range": (2, 1),
    "part-in-200": (2, 1),
    "total-unknown": (3, 2),
    "total-at-the-end": (3, 2),
    "nodes": (3, 2),
    "changes-etag": (3, 1),
    "changes-modified": (3, 1),
    "changes-once": (3, 2),
    "other-bytes-once": (4, 2),
    **{f"coded-{coding}": (2, 1) for coding in ("aws-chunked", "utf-8", "binary", "none", "8bit", "UTF-8,identity")},
    "weak-etag": (2, 1),
    "strange-etag": (2, 1),
    "no-validator": (2, 1),
    "says-identity": (1, 1),
    "no-length": (1, 1),
    "chunked": (1, 1),
    "http-1.0": (1, 1),
    "closes-reused": (3, 2),
    "redirect-chain-1": (3, 1),
    "redirect-chain-5": (7, 1),
}

# Behaviours whose ranges lead nowhere, and whose whole body does, with the requests that they take.
WHOLE = {
    "honours-range-once": 2,
    "refuses-later-ranges": 3,
    "lies-about-range": 3,
    "short-range": 2,
    "long-range": 2,
    "range-length-lies": 2,
    "no-content-range": 2,
    "part-as-whole": 2,
    "total-is-end": 2,
    "total-never": 2,
    **{f"range-status-{status}": 2 for status in (400, 401, 403, 404, 405, 412, 500, 501, 503, 504)},
    **{f"later-range-status-{status}": 3 for status in (400, 403, 500, 503)},
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
    "half-as-whole": "a size that is a lie",
    "never-whole": "a size that is not told",
    "endless": "a size that is not told",
    "gzip-bomb": "a bomb",
    "busy": "trying again",
    "busy-once": "trying again",
    "busy-for-an-hour": "trying again",
    "closes-idle": "a connection that is gone",
    "length-lies-short": "a lie that cannot be told",
}


def test_every_behaviour_is_tried() -> None:
    tried = {*HARMLESS, *WHOLE, *ENDLESS, *ELSEWHERE, *(name for name, *_ in FAULTS)}

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


def test_what_a_server_says_cannot_disturb_a_terminal() -> None:
    with serving({"x.mp4": DATA}) as server:
        transfer = read(server.url("strange-etag", "x.mp4"), length_and_ends).transfer

    assert transfer.validator == '"v? ?[31m1"'
    assert transfer.declared_type is None
    assert "if-range" not in server.log.requests[1].headers


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


@pytest.mark.parametrize(("behaviour", "requests"), WHOLE.items(), ids=list(WHOLE))
def test_where_ranges_lead_nowhere_the_whole_is_asked_for_once(behaviour: str, requests: int) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url(behaviour, "x.mp4"), length_and_ends)

    assert reading.fault is None
    assert reading.facts == ENDS
    assert reading.transfer.ranges is False
    assert reading.transfer.status == 200
    assert reading.transfer.requests == len(server.log.requests) == requests
    # Whether the connection can be kept depends on how much of the answer before has arrived.
    assert reading.transfer.connections == server.log.connections <= 2
    assert [request.headers.get("range") for request in server.log.requests].count(None) == (
        0 if behaviour == "honours-range-once" else 1
    )


def test_facts_of_a_file_cut_short_are_believed_when_the_whole_is_as_long() -> None:
    def looks_cut(facts: tuple[int | None, bytes, bytes]) -> bool:
        return facts[2] != b"done"

    data = DATA + b"done"
    with serving({"x.mp4": data, "cut.mp4": data[:-7]}) as server:
        half = read(server.url("half-as-whole", "x.mp4"), length_and_ends, looks_cut=looks_cut)
        cut = read(server.url("ok", "cut.mp4"), length_and_ends, looks_cut=looks_cut)
        whole = read(server.url("ok", "x.mp4"), length_and_ends, looks_cut=looks_cut)

    assert (half.facts, half.transfer.requests) == ((len(data), data[:4], b"done"), 2)
    assert (cut.facts, cut.transfer.requests) == ((len(data) - 7, data[:4], data[-11:-7]), 3)
    assert (whole.facts, whole.transfer.requests) == ((len(data), data[:4], b"done"), 2)


def test_a_file_of_just_the_first_span_is_believed_when_the_whole_is_as_long() -> None:
    with serving({"x.mp4": DATA[:65536]}) as server:
        reading = read(server.url("ok", "x.mp4"), length_and_ends)

    assert reading.facts == (65536, DATA[:4], DATA[65532:65536])
    assert reading.transfer.requests == 2


def test_a_file_whose_tag_alone_changes_has_no_validator() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("changes-etag", "x.mp4"), length_and_ends)

    assert reading.transfer.validator is None
    assert server.log.ranges("x.mp4") == ["bytes=0-65535", "bytes=1003996-1003999", "bytes=0-65535"]


def test_a_connection_that_was_closed_while_idle_is_made_again() -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("closes-idle", "x.mp4"), length_and_ends)

    assert reading.facts == ENDS
    assert reading.transfer.connections == server.log.connections == 2
    assert len(server.log.requests) == 2


@pytest.mark.parametrize("size", [3, 65_535])
def test_a_range_that_ends_early_tells_the_size_where_the_total_does_not(size: int) -> None:
    with serving({"x.mp4": DATA[:size]}) as server:
        reading = read(server.url("total-unknown", "x.mp4"), length_and_ends)

    assert reading.size_bytes == size
    assert reading.facts == (size, DATA[: min(size, 4)], DATA[max(size - 4, 0) : size])


@pytest.mark.parametrize("behaviour", ["total-unknown", "total-at-the-end", "total-never"])
def test_past_the_end_of_a_file_whose_parts_have_no_total_nothing_comes(behaviour: str) -> None:
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url(behaviour, "x.mp4"), reads(Span(2_000_000, 2_000_010)))

    assert reading.facts == (b"",)
    assert reading.size_bytes == len(DATA)


@pytest.mark.parametrize("size", [3, 65_535, 70_000])
def test_a_size_that_nobody_tells_is_learned_at_the_end_only(size: int) -> None:
    with serving({"x.mp4": DATA[:size]}) as server:
        unknown = read(server.url("never-whole", "x.mp4"), reads(Span(0, 2)))
        known = read(server.url("never-whole", "x.mp4"), reads(Span(0, size + 5)))

    assert (unknown.facts, unknown.size_bytes) == ((DATA[:2],), None)
    assert (known.facts, known.size_bytes) == ((DATA[:size],), size)


def test_ranges_work_without_a_total_and_past_the_end_nothing_comes() -> None:
    spans = [Span(500_000, 500_010), Span(len(DATA) - 2, len(DATA) + 10), Span(2_000_000, 2_000_010)]
    with serving({"x.mp4": DATA}) as server:
        reading = read(server.url("total-unknown", "x.mp4"), reads(*spans))

    assert reading.facts == (DATA[500_000:500_010], DATA[-2:], b"")
    assert reading.size_bytes == len(DATA)


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


def test_a_reading_that_begins_again_begins_at_the_url_that_was_given() -> None:
    with serving({"here": b"/other-bytes-once/x.mp4", "x.mp4": DATA}) as server:
        reading = read(server.url("redirect-to", "here"), length_and_ends)

    assert reading.facts == ENDS
    assert reading.transfer.redirects == 2
    assert [request.name for request in server.log.requests] == ["here", "x.mp4", "x.mp4"] * 2


@pytest.mark.parametrize("location", ["http://[", "http://[::1]x/", "http://a b/", "http://exa\u2100mple.com/", ""])
def test_a_redirect_to_what_is_no_url_is_a_fault(location: str) -> None:
    with serving({"here": location.encode()}) as server:
        reading = read(server.url("redirect-to", "here"), length_and_ends)

    assert isinstance(reading.fault, (Unreachable, AddressRefused))
    assert len(server.log.requests) == 1
