"""The transport by itself: httpx's interface over aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import pytest
from servers.lying import serving
from servers.reading import trusting

from preflight.sources.host import AllowedHost
from preflight.sources.transport import Transport

DATA = bytes(range(251)) * 1000
HERE = [AllowedHost("127.0.0.1")]


async def nothing(_host: str, _port: int) -> Sequence[str]:
    raise OSError("no names here")


def exchange(*requests: httpx.Request) -> tuple[list[tuple[int, bytes]], int, int]:
    """Statuses and bodies of the answers, one after the other; then requests and connections as counted."""

    async def run() -> tuple[list[tuple[int, bytes]], int, int]:
        async with Transport(resolve=nothing, allow=HERE, make_tls=trusting) as transport:
            answers = []
            for request in requests:
                answer = await transport.handle_async_request(request)
                answers.append((answer.status_code, await answer.aread()))
            return answers, transport.requests, transport.connections

    return asyncio.run(run())


def test_an_answer_is_an_httpx_answer() -> None:
    with serving({"x.mp4": DATA}) as server:
        answers, requests, connections = exchange(httpx.Request("GET", server.url("ok", "x.mp4")))

    assert answers == [(200, DATA)]
    assert (requests, connections) == (1, 1)


def test_a_connection_is_kept_for_the_next_request() -> None:
    with serving({"x.mp4": DATA}) as server:
        request = httpx.Request("GET", server.url("ok", "x.mp4"))
        answers, requests, connections = exchange(request, request, request)

    assert len(answers) == requests == 3
    assert connections == server.log.connections == 1


def test_the_exact_target_may_be_named_beside_the_url() -> None:
    with serving({"x.mp4": DATA}) as server:
        origin = f"http://{server.authority}/"
        exchange(httpx.Request("GET", origin, extensions={"target": b"/ok/x.mp4?a=%2F~%7e"}))

    assert server.log.requests[0].target == "/ok/x.mp4?a=%2F~%7e"


def test_cookies_are_not_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with serving({"x": answer}) as server:
        request = httpx.Request("GET", server.url("raw", "x"))
        exchange(request, request)

    assert not any("cookie" in request.headers for request in server.log.requests)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"x.mp4": DATA}) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, server.url("refused", ""))
        answers, _, _ = exchange(httpx.Request("GET", server.url("ok", "x.mp4")))

    assert answers == [(200, DATA)]


def test_a_get_is_sent_again_once_and_a_post_never() -> None:
    with serving({"x.mp4": DATA}) as server:
        url = server.url("closes-reused", "x.mp4")
        _, requests, connections = exchange(httpx.Request("GET", url), httpx.Request("GET", url))

    assert (requests, connections) == (3, 2)

    with serving({"x.mp4": DATA}) as server:
        url = server.url("closes-reused", "x.mp4")
        with pytest.raises(httpx.RemoteProtocolError):
            exchange(httpx.Request("POST", url), httpx.Request("POST", url))

    assert len(server.log.requests) == 2


def test_a_request_on_a_fresh_connection_is_not_sent_again() -> None:
    with serving({}) as server, pytest.raises(httpx.RemoteProtocolError, match="before an answer came"):
        exchange(httpx.Request("GET", server.url("closes-unanswered", "x")))

    assert len(server.log.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        ("refused", httpx.ConnectError),
        ("closes-unanswered", httpx.RemoteProtocolError),
        ("not-http", httpx.RemoteProtocolError),
        ("closes-early", httpx.RemoteProtocolError),
        ("chunked-cut", httpx.RemoteProtocolError),
    ],
)
def test_errors_are_httpx_errors_that_name_no_address(behaviour: str, error: type[httpx.TransportError]) -> None:
    with serving({"x": DATA}) as server, pytest.raises(error) as caught:
        exchange(httpx.Request("GET", server.url(behaviour, "x", "secret=1")))

    assert caught.type is error
    assert "127.0.0.1" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_name_that_does_not_resolve_is_a_connect_error() -> None:
    with pytest.raises(httpx.ConnectError, match="its name does not resolve"):
        exchange(httpx.Request("GET", "http://files.example/"))


def test_a_scheme_other_than_http_is_not_supported() -> None:
    with pytest.raises(httpx.UnsupportedProtocol, match="ftp"):
        exchange(httpx.Request("GET", "ftp://127.0.0.1/x"))


def test_a_body_that_is_left_unread_costs_its_connection() -> None:
    async def run(url: str) -> int:
        async with Transport(resolve=nothing, allow=HERE) as transport:
            for _ in range(2):
                answer = await transport.handle_async_request(httpx.Request("GET", url))
                await answer.aclose()
            return transport.connections

    with serving({"x": bytes(5_000_000)}) as server:
        assert asyncio.run(run(server.url("ok", "x"))) == 2
