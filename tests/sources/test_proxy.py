"""Reading through a proxy that the user names: what it is asked, what it is not told, and what it cannot do."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Sequence

import pytest

from preflight.errors import AddressRefused, ConfigurationError, Unreachable
from preflight.sources.proxy import Proxy
from tests.servers.lying import serving
from tests.servers.proxying import proxying
from tests.servers.reading import HASTY, PUBLIC, Detour, length_and_ends, read, trusting

DATA = bytes(range(251)) * 4000
ENDS = (len(DATA), DATA[:4], DATA[-4:])
FILES = {"x.mp4": DATA}


async def public(_host: str, _port: int) -> Sequence[str]:
    return [PUBLIC]


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("to_proxy", ["http", "https"])
def test_a_file_is_read_through_the_proxy_on_one_connection(tls: bool, to_proxy: str) -> None:
    with serving(FILES, tls=tls) as server, proxying(to_port=server.port, tls=to_proxy == "https") as proxy:
        scheme = "https" if tls else "http"
        reading = read(
            f"{scheme}://files.example:9999/ok/x.mp4",
            length_and_ends,
            resolve=public,
            make_tls=trusting,
            proxy=f"{to_proxy}://{proxy.authority}",
        )

    assert reading.facts == ENDS
    assert reading.transfer.proxy
    assert (reading.transfer.requests, reading.transfer.connections) == (2, 1)
    assert proxy.asked_for == ["files.example:9999"]
    assert proxy.tunnels == 1
    assert [request.target for request in server.log.requests] == ["/ok/x.mp4"] * 2


def test_without_a_proxy_nothing_says_that_there_was_one() -> None:
    with serving(FILES) as server:
        reading = read(server.url("ok", "x.mp4"), length_and_ends)

    assert not reading.transfer.proxy


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_a_name_is_judged_here_before_the_proxy_is_asked(address: str) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return [address]

    with serving(FILES) as server, proxying(to_port=server.port) as proxy:
        url = f"http://files.example:{server.port}/ok/x.mp4"
        reading = read(url, length_and_ends, resolve=inside, proxy=proxy.authority)

    assert isinstance(reading.fault, AddressRefused)
    assert f"files.example leads to {address}" in str(reading.fault)
    assert proxy.heads == []


def test_a_name_that_does_not_resolve_here_is_not_asked_of_the_proxy() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    with proxying() as proxy:
        reading = read("http://files.example/x.mp4", length_and_ends, resolve=unknown, proxy=proxy.authority)

    assert str(reading.fault) == "its name does not resolve"
    assert proxy.heads == []


def test_a_redirect_to_an_address_inside_is_refused_behind_a_proxy_too() -> None:
    with serving({"x.mp4": b"http://127.0.0.1/"}) as server, proxying(to_port=server.port) as proxy:
        reading = read(
            "http://files.example/redirect-to/x.mp4",
            length_and_ends,
            allow=(),
            resolve=public,
            proxy=proxy.authority,
        )

    assert isinstance(reading.fault, AddressRefused)
    assert proxy.asked_for == ["files.example:80"]


def test_the_proxy_alone_is_dialled_and_told_no_path() -> None:
    with serving(FILES) as server, proxying(to_port=server.port) as proxy:
        detour = Detour(proxy.port)
        read(
            "http://files.example/ok/x.mp4?signature=hush",
            length_and_ends,
            resolve=public,
            open_socket=detour,
            proxy=proxy.authority,
        )

    assert detour.dialled == [("127.0.0.1", proxy.port)]
    (head,) = proxy.heads
    assert head.splitlines() == [
        "CONNECT files.example:80 HTTP/1.1",
        "Host: files.example:80",
        "User-Agent: media-preflight",
        "",
    ]


def test_an_ipv6_address_is_asked_for_in_brackets() -> None:
    with serving(FILES) as server, proxying(to_port=server.port) as proxy:
        reading = read("http://[2606:4700:4700::1111]/ok/x.mp4", length_and_ends, proxy=proxy.authority)

    assert reading.facts == ENDS
    assert proxy.asked_for == ["[2606:4700:4700::1111]:80"]


def test_the_password_goes_to_the_proxy_and_to_nobody_else() -> None:
    expected = "Basic " + base64.b64encode("frog:p@ss:word é".encode()).decode()
    with serving(FILES) as server, proxying(to_port=server.port, password=expected) as proxy:
        text = f"http://frog:p%40ss:word%20%C3%A9@{proxy.authority}/"
        reading = read("http://files.example/ok/x.mp4", length_and_ends, resolve=public, proxy=text)

    assert reading.facts == ENDS
    assert not any("authorization" in name for request in server.log.requests for name in request.headers)


FAULTS = {
    "refuses": "the proxy did not connect: it answered 403",
    "asks-who": "the proxy did not connect: it asks for a user name and a password (407)",
    "redirects": "the proxy did not connect: it answered 302",
    "talks-on": "the proxy did not connect: its answer has a body",
    "is-no-proxy": "the proxy did not connect: the answer is not valid HTTP",
    "says-nothing": "the proxy did not connect: the connection was closed before an answer came",
    "never-ends": "the proxy did not connect: the header of the answer has more than 128 fields",
}


@pytest.mark.parametrize(("behaviour", "fault"), FAULTS.items(), ids=list(FAULTS))
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_does_not_connect_is_named(behaviour: str, fault: str, scheme: str) -> None:
    with proxying(behaviour) as proxy:
        url = f"{scheme}://files.example/ok/x.mp4?hush=hush"
        reading = read(
            url, length_and_ends, resolve=public, make_tls=trusting, proxy=f"http://me:secret@{proxy.authority}"
        )

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault) == fault
    shown = "".join(traceback.format_exception(reading.fault))
    assert "secret" not in shown
    assert "hush" not in shown


def test_a_proxy_that_stalls_is_ended_by_the_deadline() -> None:
    with proxying("stalls") as proxy:
        reading = read(
            "http://files.example/x.mp4", length_and_ends, resolve=public, proxy=proxy.authority, limits=HASTY
        )

    assert isinstance(reading.fault, Unreachable)


def test_a_proxy_that_is_not_there_is_named() -> None:
    with serving({}) as server:
        closed = server.url("refused", "").split("/")[2]
        reading = read("http://files.example/x.mp4", length_and_ends, resolve=public, proxy=closed)

    assert str(reading.fault) == "no connection to the proxy could be made: it is refused"


def test_a_proxy_whose_certificate_is_not_accepted_is_told_apart_from_the_server() -> None:
    with proxying(tls=True) as proxy:
        reading = read(
            "http://files.example/x.mp4", length_and_ends, resolve=public, proxy=f"https://{proxy.authority}"
        )

    assert str(reading.fault).startswith("the proxy's certificate is not accepted: self-signed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://proxy.example:3128", ("http", "proxy.example", 3128)),
        ("proxy.example:3128", ("http", "proxy.example", 3128)),
        ("https://proxy.example", ("https", "proxy.example", 443)),
        ("HTTP://Proxy.Example/", ("http", "proxy.example", 80)),
        ("10.1.2.3:8080", ("http", "10.1.2.3", 8080)),
        ("http://[fd00::1]:8080", ("http", "fd00::1", 8080)),
    ],
)
def test_a_proxy_may_be_written_in_every_usual_way(text: str, expected: tuple[str, str, int]) -> None:
    proxy = Proxy.parse(text)

    assert (proxy.scheme, proxy.host, proxy.port) == expected
    assert proxy.authorization is None


@pytest.mark.parametrize(
    "text",
    [
        "socks5://proxy.example:1080",
        "http://me:secret@",
        "http://me:secret@proxy.example:99999",
        "http://me:secret@proxy.example:3128/path",
        "http://me:secret@proxy.example/?x",
        "http://me:se/cret@proxy.example",
        "http://me:secret@pro xy.example",
        "http://",
        "",
    ],
)
def test_what_is_not_a_proxy_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Proxy.parse(text)

    assert "secret" not in str(caught.value)
    assert "cret" not in str(caught.value)


def test_the_password_is_not_in_the_representation() -> None:
    assert "Basic" not in repr(Proxy.parse("http://me:secret@proxy.example"))
