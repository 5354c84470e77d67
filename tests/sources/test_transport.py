"""The transport by itself: requests over h11."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from preflight.sources.host import AllowedHost
from preflight.sources.sockets import interleaved
from preflight.sources.transport import ConnectionBroken, NotConnected, Response, Transport, TransportError
from preflight.sources.url import RemoteUrl, locate
from tests.servers.lying import serving
from tests.servers.reading import trusting

DATA = bytes(range(251)) * 1000
HERE = [AllowedHost("127.0.0.1")]


async def nothing(_host: str, _port: int) -> Sequence[str]:
    raise OSError("no names here")


def exchange(*urls: str | RemoteUrl, method: str = "GET") -> tuple[list[tuple[int, bytes]], int, int]:
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


@pytest.mark.parametrize("field", [{"X-A": "b\r\nX-C: d"}, {"X-A\r\nX-C": "d"}, {"X-A": "b\n\nGET / HTTP/1.1"}])
def test_no_field_begins_a_line_of_its_own(field: Mapping[str, str]) -> None:
    async def run(url: str) -> None:
        async with Transport(resolve=nothing, allow=HERE) as transport:
            answer = await transport.send("GET", locate(url, HERE), {"X-A": "b"})
            await whole(answer)
            answer.close()
            with pytest.raises(ValueError, match="not a request"):
                await transport.send("GET", locate(url, HERE), field)

    with serving({"x.mp4": DATA}) as server:
        asyncio.run(run(server.url("ok", "x.mp4")))

    assert [request.headers["x-a"] for request in server.log.requests] == ["b"]


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
        exchange(RemoteUrl(scheme="ftp", host="127.0.0.1", port=21, path="/x"))


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


# ── What a head may be ────────────────────────────────────────────────────────────────────────────────────────────

OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n\r\nhi"
READABLE = {
    "equal lengths": (OK + b"Content-Length: 2\r\n" + TWO, b"hi"),
    "equal lengths in one field": (OK + b"Content-Length: 2, 2\r\n\r\nhi", b"hi"),
    "a length beside chunks": (
        OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        b"hi",
    ),
    "no reason": (b"HTTP/1.1 200\r\n" + TWO, b"hi"),
    "bare line feeds": ((OK + TWO).replace(b"\r\n", b"\n"), b"hi"),
    "a folded field": (OK + b"X-Long: a\r\n  b\r\n" + TWO, b"hi"),
    "an interim answer before it": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + TWO, b"hi"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n", b"hi"),
    "a chunk with an extension": (OK + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\n\r\n", b"hi"),
    "64 KiB of fields": (OK + b"X-Large: " + b"z" * 65_400 + b"\r\n" + TWO, b"hi"),
    "128 fields": (OK + b"X-Many: 1\r\n" * 127 + TWO, b"hi"),
}
UNREADABLE = {
    "other lengths": (OK + b"Content-Length: 3\r\n" + TWO, "not valid HTTP"),
    "a length that is no number": (OK + b"Content-Length: 0x2\r\n\r\nhi", "not valid HTTP"),
    "a length without end": (OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nhi", "not valid HTTP"),
    "two codings": (OK + b"Transfer-Encoding: gzip, chunked\r\n" + TWO, "not valid HTTP"),
    "a coding said twice": (OK + b"Transfer-Encoding: chunked\r\n" * 2 + TWO, "not valid HTTP"),
    "129 fields": (OK + b"X-Many: 1\r\n" * 128 + TWO, "more than 128 fields"),
    "a field of 100 KB": (OK + b"X-Large: " + b"z" * 100_000 + b"\r\n" + TWO, "longer than 65536 bytes"),
    "fields without end": (OK + b"X-Large: " + b"z" * 100_000, "longer than 65536 bytes"),
    "a name with a space": (OK + b"X Odd: 1\r\n" + TWO, "not valid HTTP"),
    "a lone carriage return": (OK + b"X-Odd: a\rb\r\n" + TWO, "not valid HTTP"),
    "a NUL": (OK + b"X-Odd: a\x00b\r\n" + TWO, "not valid HTTP"),
    "spaces before what is not allowed": (OK + b"X-Odd:" + b" " * 60_000 + b"\x0b\r\n" + TWO, "not valid HTTP"),
    "spaces in a reason before it": (b"HTTP/1.1 200 " + b" " * 60_000 + b"\x00\r\n" + TWO, "not valid HTTP"),
    "a chunk's extension of spaces": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n2;" + b" " * 100_000 + b"\x0b\n\r\n",
        "not valid HTTP",
    ),
    "trailers of spaces": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX:" + b" " * 100_000 + b"\x0b\r\n\r\n",
        "not valid HTTP",
    ),
    "a chunk size that is no number": (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n", "not valid HTTP"),
    "HTTP/2": (b"HTTP/2 200\r\n" + TWO, "not valid HTTP"),
    "another protocol": (b"220 mail.example ESMTP\r\n", "not valid HTTP"),
    "TLS": (b"\x15\x03\x01\x00\x02\x02\x46", "not valid HTTP"),
    "a proposal that nobody made": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "the server answered 101"),
}


@pytest.mark.parametrize(("answer", "body"), READABLE.values(), ids=list(READABLE))
def test_what_http_allows_is_read(answer: bytes, body: bytes) -> None:
    with serving({"x": answer}) as server:
        answers, _, _ = exchange(server.url("raw", "x"))

    assert answers == [(200, body)]


@pytest.mark.parametrize(("answer", "reason"), UNREADABLE.values(), ids=list(UNREADABLE))
def test_what_http_forbids_is_refused_at_once_and_named(answer: bytes, reason: str) -> None:
    before = time.process_time()
    with serving({"x": answer}) as server, pytest.raises(ConnectionBroken, match=reason):
        exchange(server.url("raw", "x"))

    # Not a measure of speed: the patterns below take minutes of processor time where a line is not bounded.
    assert time.process_time() - before < 5


def test_another_protocol_is_known_by_its_first_bytes() -> None:
    """A server that speaks first and waits need not be waited for."""

    async def run() -> None:
        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with closing(writer):
                writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
                await asyncio.sleep(30)

        listener = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener, Transport(resolve=nothing, allow=HERE) as transport, asyncio.timeout(10):
            await transport.send("GET", locate(f"http://127.0.0.1:{port}/", HERE), {})

    with pytest.raises(ConnectionBroken, match="not valid HTTP"):
        asyncio.run(run())


def test_what_arrives_unasked_is_never_the_next_answer() -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    with serving({"twice": OK + TWO + stray, "x": b"good"}) as server:
        answers, requests, connections = exchange(server.url("raw", "twice"), server.url("ok", "x"))

    assert answers == [(200, b"hi"), (200, b"good")]
    assert (requests, connections) == (2, 2)


def test_a_server_is_not_read_faster_than_the_body_is_taken() -> None:
    async def run(url: str) -> int:
        async with Transport(resolve=nothing, allow=HERE) as transport:
            answer = await transport.send("GET", locate(url, HERE), {})
            largest = 0
            for _ in range(20):
                await asyncio.sleep(0.01)
                largest = max(largest, len(await answer.read()))
            answer.close()
            return largest

    with serving({"x": b""}) as server:
        assert asyncio.run(run(server.url("endless", "x"))) <= (64 + 256) * 1024


# ── Several addresses ─────────────────────────────────────────────────────────────────────────────────────────────


class Network:
    """Sockets that connect to a port of this machine, or to another by the address, or are refused."""

    def __init__(self, port: int, *, refuse: Sequence[str] = (), elsewhere: Mapping[str, int] | None = None) -> None:
        self.dialled: list[str] = []
        self.open: list[socket.socket] = []
        self._port, self._refuse, self._elsewhere = port, refuse, elsewhere or {}

    def __call__(self, _family: int, kind: int, protocol: int) -> socket.socket:
        network = self

        class Routed(socket.socket):
            def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
                network.dialled.append(address[0])
                if address[0] in network._refuse:
                    raise ConnectionRefusedError(111, "refused")
                super().connect(("127.0.0.1", network._elsewhere.get(address[0], network._port)))

        made = Routed(socket.AF_INET, kind, protocol)
        self.open.append(made)
        return made


@contextmanager
def deaf() -> Iterator[int]:
    """A port whose queue is full: a connection to it is neither made nor refused."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.settimeout(0)
            with suppress(BlockingIOError):
                client.connect(listener.getsockname())
        yield listener.getsockname()[1]


def dialled(network: Network, *addresses: str) -> tuple[int, int]:
    """Status of the answer of ``files.example`` at ``addresses``, and connections as counted."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    async def run() -> tuple[int, int]:
        async with Transport(resolve=resolve, open_socket=network) as transport, asyncio.timeout(10):
            answer = await transport.send("GET", locate("http://files.example/ok/x.mp4"), {})
            answer.close()
            return answer.status, transport.connections

    return asyncio.run(run())


def test_an_address_that_refuses_gives_way_to_the_next() -> None:
    with serving({"x.mp4": DATA}) as server:
        network = Network(server.port, refuse=["1.1.1.1", "8.8.8.8"])
        assert dialled(network, "1.1.1.1", "8.8.8.8", "9.9.9.9") == (200, 1)

    assert network.dialled == ["1.1.1.1", "8.8.8.8", "9.9.9.9"]


def test_an_address_that_never_answers_is_raced_and_closed() -> None:
    with serving({"x.mp4": DATA}) as server, deaf() as port:
        network = Network(server.port, elsewhere={"1.1.1.1": port})
        assert dialled(network, "1.1.1.1", "8.8.8.8", "9.9.9.9") == (200, 1)

    assert network.dialled == ["1.1.1.1", "8.8.8.8"]
    assert [each.fileno() for each in network.open] == [-1, -1]


def test_where_every_address_refuses_the_reason_is_told() -> None:
    network = Network(1, refuse=["1.1.1.1", "8.8.8.8"])

    with pytest.raises(NotConnected, match="no connection could be made: it is refused"):
        dialled(network, "1.1.1.1", "8.8.8.8")

    assert [each.fileno() for each in network.open] == [-1, -1]


def test_families_take_turns_in_the_order_of_the_system() -> None:
    addresses = ["2606:4700::1", "2606:4700::2", "2606:4700::3", "1.1.1.1"]

    assert interleaved(addresses) == ["2606:4700::1", "1.1.1.1", "2606:4700::2", "2606:4700::3"]
    assert interleaved(addresses[::-1]) == ["1.1.1.1", "2606:4700::3", "2606:4700::2", "2606:4700::1"]
