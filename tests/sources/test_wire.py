"""The remote reader on the wire: what leaves this machine, on which connection, and what never shows."""

from __future__ import annotations

import traceback

import pytest

from preflight.errors import AddressRefused, SourceError, Unreachable
from tests.servers.lying import serving
from tests.servers.reading import HASTY, PUBLIC, Detour, length_and_ends, read, trusting

FIRST = "bytes=0-65535"
DATA = bytes(range(251)) * 4000


def test_the_request_asks_for_bytes_as_they_are_and_says_who_asks() -> None:
    with serving({"x.mp4": DATA}) as server:
        read(server.url("ok", "x.mp4"), length_and_ends)

    (request, _) = server.log.requests
    assert request.method == "GET"
    assert request.headers == {
        "host": server.authority,
        "user-agent": "media-preflight",
        "accept": "*/*",
        "accept-encoding": "identity",
        "range": FIRST,
    }


def test_a_server_on_ipv6_is_read_like_any_other() -> None:
    with serving({"x.mp4": DATA}, host="::1") as server:
        reading = read(server.url("ok", "x.mp4"), length_and_ends)

    assert reading.facts == (len(DATA), DATA[:4], DATA[-4:])
    assert server.log.requests[0].headers["host"] == server.authority


def test_a_server_on_https_is_read_on_one_connection() -> None:
    with serving({"x.mp4": DATA}, tls=True) as server:
        reading = read(server.url("ok", "x.mp4"), length_and_ends, make_tls=trusting)

    assert reading.facts == (len(DATA), DATA[:4], DATA[-4:])
    assert server.log.connections == 1


def test_a_certificate_is_checked_against_the_name_in_the_url() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [PUBLIC]

    with serving({"x.mp4": DATA}, tls=True) as server:
        detour = Detour(server.port)
        right, wrong = (
            read(
                f"https://{host}:{server.port}/ok/x.mp4",
                length_and_ends,
                resolve=resolve,
                open_socket=detour,
                make_tls=trusting,
            )
            for host in ("files.example", "other.example")
        )

    assert right.facts is not None
    assert isinstance(wrong.fault, Unreachable)
    assert str(wrong.fault).startswith("its certificate is not accepted: Hostname mismatch")


def test_a_certificate_that_nobody_vouches_for_is_not_accepted() -> None:
    with serving({"x.mp4": DATA}, tls=True) as server:
        reading = read(server.url("ok", "x.mp4"), length_and_ends)

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault).startswith("its certificate is not accepted: self-signed certificate")
    assert server.log.requests == []


def test_a_plain_server_behind_an_https_url_is_unreachable() -> None:
    with serving({"x.mp4": DATA}) as server:
        url = server.url("ok", "x.mp4").replace("http:", "https:")
        reading = read(url, length_and_ends, make_tls=trusting, limits=HASTY)

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault) == "no answer came within 0.4 s"


def test_a_url_that_breaks_the_text_policy_is_refused_without_a_request() -> None:
    reading = read("https://user:secret@files.example/x.mp4", length_and_ends)

    assert isinstance(reading.fault, AddressRefused)
    assert reading.transfer.requests == 0
    assert "secret" not in str(reading.fault)


@pytest.mark.parametrize(
    "target",
    [
        "a%2Fb%7Ec.mp4?X-Amz-Credential=AKIA%2F20260101%2Fus-east-1&X-Amz-Signature=abc%3D%3d",
        "~tilde/!$&'()*+,;=:@/%41%42?q=a+b&c=%20&d=/?&&=&e",
        "a//b/./c/../d.mp4?x=%zz&y=%",
        'quote"less<than>|pipe^caret`tick{brace}[bracket]?z="<>|^`{}[]',
        "x.mp4?sig=" + "A" * 1500,
        "x.mp4?redirect=http://example.com/a?b=c",
    ],
    ids=["signed", "reserved", "dots", "unsafe", "long", "url in query"],
)
def test_the_target_of_the_url_goes_on_the_wire_byte_for_byte(target: str) -> None:
    with serving({}) as server:
        read(f"http://{server.authority}/ok/{target}#fragment", length_and_ends)

    assert server.log.requests[0].target == f"/ok/{target}"


def test_characters_beyond_ascii_are_percent_encoded_as_utf_8() -> None:
    with serving({"é 一.mp4": DATA}) as server:
        reading = read(f"http://{server.authority}/ok/é%20一.mp4?ü", length_and_ends)

    assert server.log.requests[0].target == "/ok/%C3%A9%20%E4%B8%80.mp4?%C3%BC"
    assert reading.facts is not None


@pytest.mark.parametrize(
    "host",
    ["bücher.example", "xn--bcher-kva.example", "xn--0.example", "xn--a-.example", "a_b.example", "-a.b-.example"],
)
def test_a_strange_name_is_asked_for_as_it_is_looked_up(host: str) -> None:
    looked_up: list[str] = []

    async def resolve(name: str, _port: int) -> list[str]:
        looked_up.append(name)
        return ["127.0.0.1"]

    with serving({"x.mp4": DATA}) as server:
        url = f"http://{host}:{server.port}/ok/x.mp4"
        reading = read(url, length_and_ends, resolve=resolve, allow=[host])

    assert reading.fault is None
    assert looked_up == [host.encode("idna").decode() if not host.isascii() else host]
    assert server.log.requests[0].headers["host"] == f"{looked_up[0]}:{server.port}"


def test_no_signature_is_shown_by_any_fault() -> None:
    names = ["status-403", "redirect-loop", "forces-gzip", "closes-unanswered", "not-http", "refused", "multipart"]
    faults: list[SourceError] = []
    with serving({"x.mp4": DATA}) as server:
        for name in names:
            reading = read(server.url(name, "x.mp4", "X-Signature=hush"), length_and_ends)
            assert reading.fault is not None
            faults.append(reading.fault)

    assert not any("hush" in "".join(traceback.format_exception(fault)) + repr(fault) for fault in faults)
