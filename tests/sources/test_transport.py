"""The transport by itself: requests over h11."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from preflight.sources.host import AllowedHost
from preflight.sources.transport import ConnectionBroken, NotConnected, Response, Transport, TransportError
from preflight.sources.url import Target, locate
from tests.servers.lying import serving
from tests.servers.reading import trusting

DATA = bytes(range(251)) * 1000
HERE = [AllowedHost("127.0.0.1")]


async def nothing(_host: str, _port: int) -> Sequence[str]:
    raise OSError("no names here")


def exchange(*urls: str | Target, method: str = "GET") -> tuple[list[tuple[int, bytes]], int, int]:
    """Statuses and bodies of the answers, one after the other; then requests and connections as counted."""

    async def run() -> tuple[list[tuple[int, bytes]], int, int]:
        async with Transport(resolve=nothing, allow=HERE, make_tls=trusting) as transport:
            answers = []
            for url in urls:
                answer = await transport.send(method, locate(url, HERE) if isinstance(url, str) else url, {})
                answers.append((answer.status, await whole(answer)))
                answer.close()
            return answers, transport.requests, transport.connections

    return asyncio.run(run())


async def whole(answer: Response) -> bytes:
    body = b""
    while piece := await answer.read():
        body += piece
    return body


def test_an_answer_has_a_status_and_a_body() -> None:
    with serving({"x.mp4": DATA}) as server:
        answers, requests, connections = exchange(server.url("ok", "x.mp4"))

    assert answers == [(200, DATA)]
    assert (requests, connections) == (1, 1)


def test_a_connection_is_kept_for_the_next_request() -> None:
    with serving({"x.mp4": DATA}) as server:
        url = server.url("ok", "x.mp4")
        answers, requests, connections = exchange(url, url, url)

    assert len(answers) == requests == 3
    assert connections == server.log.connections == 1


def test_the_target_goes_on_the_wire_as_it_is() -> None:
    with serving({"x.mp4": DATA}) as server:
        exchange(f"http://{server.authority}/ok/x.mp4?a=%2F~%7e")

    assert server.log.requests[0].target == "/ok/x.mp4?a=%2F~%7e"


def test_cookies_are_not_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with serving({"x": answer}) as server:
        exchange(server.url("raw", "x"), server.url("raw", "x"))

    assert not any("cookie" in request.headers for request in server.log.requests)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"x.mp4": DATA}) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, server.url("refused", ""))
        answers, _, _ = exchange(server.url("ok", "x.mp4"))

    assert answers == [(200, DATA)]


def test_a_get_is_sent_again_once_and_a_post_never() -> None:
    with serving({"x.mp4": DATA}) as server:
        url = server.url("closes-reused", "x.mp4")
        _, requests, connections = exchange(url, url)

    assert (requests, connections) == (3, 2)

    with serving({"x.mp4": DATA}) as server:
        url = server.url("closes-reused", "x.mp4")
        with pytest.raises(ConnectionBroken):
            exchange(url, url, method="POST")

    assert len(server.log.requests) == 2


def test_a_request_on_a_fresh_connection_is_not_sent_again() -> None:
    with serving({}) as server, pytest.raises(ConnectionBroken, match="before an answer came"):
        exchange(server.url("closes-unanswered", "x"))

    assert len(server.log.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("refused", NotConnected),
        ("closes-unanswered", ConnectionBroken),
        ("not-http", ConnectionBroken),
        ("closes-early", ConnectionBroken),
        ("chunked-cut", ConnectionBroken),
    ],
)
def test_errors_name_no_address(behaviour: str, error: type[TransportError]) -> None:
    with serving({"x": DATA}) as server, pytest.raises(error) as caught:
        exchange(server.url(behaviour, "x", "secret=1"))

    assert caught.type is error
    assert "127.0.0.1" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_name_that_does_not_resolve_is_a_connect_error() -> None:
    with pytest.raises(NotConnected, match="its name does not resolve"):
        exchange("http://files.example/")


def test_a_scheme_other_than_http_is_not_supported() -> None:
    with pytest.raises(NotConnected, match="ftp"):
        exchange(Target(scheme="ftp", host="127.0.0.1", port=21, path="/x"))


def test_a_body_that_is_left_unread_costs_its_connection() -> None:
    async def run(url: str) -> int:
        async with Transport(resolve=nothing, allow=HERE) as transport:
            for _ in range(2):
                answer = await transport.send("GET", locate(url, HERE), {})
                answer.close()
            return transport.connections

    with serving({"x": bytes(5_000_000)}) as server:
        assert asyncio.run(run(server.url("ok", "x"))) == 2


def test_a_field_that_stands_twice_is_one_value_and_so_no_range() -> None:
    field = b"Content-Range: bytes 0-3/4\r\n"
    answer = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n" + field + field + b"\r\nDATA"

    async def run(url: str) -> str:
        async with Transport(resolve=nothing, allow=HERE) as transport:
            got = await transport.send("GET", locate(url, HERE), {})
            await whole(got)
            return got.headers["content-range"]

    with serving({"x": answer}) as server:
        assert asyncio.run(run(server.url("raw", "x"))) == "bytes 0-3/4, bytes 0-3/4"
