"""The client against a server that breaks HTTP, the API, or its patience, at every moment of an exchange."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx2
import pytest

from preflight import errors
from tests.client.test_faces import FACES, JOB, KEY, Face

Script = Callable[[socket.socket], None]


class RawServer:
    """Answers each connection with the next of its scripts, and keeps the last; ``requests`` is what it was sent."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self.requests: list[bytes] = []
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        # A listening socket that is closed does not wake the thread that accepts on it; a last visitor does.
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            thread = threading.Thread(target=self._serve, args=(connection, script))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            if script not in {at_once, speaks_first}:
                self.requests.append(request_on(connection))
            script(connection)


def request_on(connection: socket.socket) -> bytes:
    """One HTTP request: its head, and as much body as its head says."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(*scripts: Script) -> Iterator[RawServer]:
    server = RawServer(scripts)
    try:
        yield server
    finally:
        server.close()


def at_once(connection: socket.socket) -> None:
    """Ends the connection before it has read a byte of the request."""
    connection.close()


def speaks_first(connection: socket.socket) -> None:
    """Takes what comes first for whatever it is, and answers in plain HTTP."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def says(data: bytes) -> Script:
    return lambda connection: connection.sendall(data)


def answers(status: int, body: object, **headers: str) -> Script:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


def drips(start: bytes, drop: bytes) -> Script:
    """Sends ``start``, then ``drop`` again and again until the client has gone."""

    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.settimeout(0.02)
        while True:
            with suppress(TimeoutError):
                if not connection.recv(1):
                    return
            connection.sendall(drop)

    return script


def pours(start: bytes, drop: bytes) -> Script:
    """Sends ``start``, then ``drop`` as fast as it goes until the client has gone."""

    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(drop)

    return script


CREATED = {"code": 200, "msg": "success", "data": {"taskId": "abc"}}
REFUSED = {"error": {"code": "insufficient_credits", "message": "Too low.", "type": "billing_error"}}
CHUNK = b"8000\r\n" + b" " * 0x8000 + b"\r\n"

IN_DOUBT = {
    "ends-before-it-reads": at_once,
    "ends-after-the-request": says(b""),
    "resets-after-the-request": reset,
    "ends-in-the-status-line": says(b"HTTP/1.1 2"),
    "ends-in-the-headers": says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "ends-in-the-body": says(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"code": 200'),
    "ends-in-the-body-of-a-refusal": says(b'HTTP/1.1 402 No\r\nContent-Length: 99\r\n\r\n{"error": {'),
    "garbage": says(b"\x00\xff\x00 not http \r\n\r\n"),
    "another-protocol": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "endless-headers": pours(b"HTTP/1.1 200 OK\r\n", b"X-Y: " + b"z" * 8000 + b"\r\n"),
    "endless-body": pours(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK),
    "redirect": answers(307, b"", Location="/v1/elsewhere"),
    "redirect-to-nowhere": answers(301, b"", Location="http://[::"),
    "empty-success": answers(200, b""),
    "html-success": answers(200, b"<html>Welcome</html>"),
    "list-success": answers(200, ["taskId"]),
    "deep-json": answers(200, b"[" * 500_000),
    "not-a-number": answers(200, b'{"code": NaN}'),
    "success-without-task-id": answers(200, {"code": 200, "msg": "success", "data": {}}),
    "success-with-a-task-id-of-a-path": answers(200, {"code": 200, "data": {"taskId": "../credits"}}),
    "success-with-a-number-for-task-id": answers(200, {"code": 200, "data": {"taskId": 7}}),
    "code-500-in-a-success": answers(200, {"code": 500, "msg": "failed", "data": None}),
    "no-code": answers(200, {"data": {"taskId": "abc"}}),
    "task-id-and-error": answers(200, {**CREATED, **REFUSED}),
    "refusal-that-names-a-task": answers(402, {"data": {"taskId": "abc"}, **REFUSED}),
    "error-of-the-server-in-a-success": answers(200, {"error": {"code": "internal_error", "message": "x"}}),
    "success-beyond-a-mebibyte": answers(200, json.dumps(CREATED).encode() + b" " * (1 << 20)),
    "unasked-gzip": answers(200, gzip.compress(json.dumps(CREATED).encode()), Content_Encoding="gzip"),
    "bare-400": answers(400, b"Bad Request"),
    "bare-403-of-a-firewall": answers(403, b"<html>blocked</html>"),
    "bare-429-of-a-proxy": answers(429, b"slow down"),
    "bare-500": answers(500, b""),
    "bare-502": answers(502, b"<html>Bad Gateway</html>"),
    "504": answers(504, {"error": {"code": "timeout", "message": "x"}}),
    "refusal-by-a-failing-server": answers(502, REFUSED),
    "unknown-404": answers(404, {"error": {"code": "route_not_found", "message": "x"}}),
    "refusal-in-a-success": answers(200, REFUSED),
    "refusal-with-another-status": answers(409, REFUSED),
    "unknown-400": answers(400, {"error": {"code": "prompt_too_long", "message": "x"}}),
    "unknown-408": answers(408, {"error": {"code": "request_timeout", "message": "x"}}),
    "unknown-418": answers(418, {"error": {"code": "teapot", "message": "x"}}),
    "unknown-499": answers(499, {"error": {"code": "invalid_request", "message": "x"}}),
    "refusal-in-capitals": answers(402, {"error": {"code": "INSUFFICIENT_CREDITS", "message": "x"}}),
    "refusal-with-data": answers(402, {"data": {"anything": 1}, **REFUSED}),
    "refusal-that-says-200": answers(402, {"code": 200, **REFUSED}),
    "unknown-429": answers(429, {"error": {"code": "quota", "message": "x"}}),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("script", IN_DOUBT.values(), ids=IN_DOUBT)
def test_a_create_without_a_clear_answer_is_unknown_and_sent_once(face: Face, script: Script) -> None:
    with serving(script) as server:
        with pytest.raises(errors.OutcomeUnknown) as caught:
            face(server.url, "create_task", JOB)
        assert len(server.requests) == (0 if script is at_once else 1)
    assert KEY not in "".join(traceback.format_exception(caught.value))


DRIPS = {
    "silence": drips(b"", b""),
    "drips-headers": drips(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"z"),
    "drips-a-body": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b" "),
    "drips-continue": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS)
def test_a_create_that_is_answered_for_ever_ends_with_its_time(face: Face, script: Script) -> None:
    with serving(script) as server:
        with pytest.raises(errors.OutcomeUnknown, match=r"in time|within"):
            face(server.url, "create_task", JOB, settings={"create_timeout": 1})
        assert len(server.requests) == 1


@pytest.mark.parametrize("face", FACES)
def test_a_query_that_is_answered_without_end_is_asked_once(face: Face) -> None:
    with serving(IN_DOUBT["endless-body"]) as server:
        with pytest.raises(errors.UnexpectedResponse):
            face(server.url, "credits")
        assert len(server.requests) == 1


@pytest.mark.parametrize("face", FACES)
def test_success_may_come_with_an_empty_error_and_another_2xx(face: Face) -> None:
    with serving(answers(201, {**CREATED, "error": None})) as server:
        assert face(server.url, "create_task", JOB) == "abc"


@pytest.mark.parametrize("face", FACES)
def test_what_is_posted_is_the_job_with_the_key_and_no_cookie(face: Face) -> None:
    with serving(answers(200, CREATED, Set_Cookie="a=b; Path=/")) as server:
        face(server.url, "create_task", JOB)
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/videos/generations HTTP/1.1\r\n")
    assert f"authorization: bearer {KEY}" in head.decode().lower()
    assert b"content-type: application/json" in head.lower()
    assert b"accept-encoding: identity" in head.lower()
    assert b"cookie" not in head.lower()
    assert json.loads(body) == JOB


@pytest.mark.parametrize("face", FACES)
def test_where_nobody_listens_nothing_was_sent(face: Face) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(errors.ApiUnreachable):
        face(url, "create_task", JOB)
    with pytest.raises(errors.ApiUnreachable):
        face(url, "credits")


@pytest.mark.parametrize("face", FACES)
def test_where_tls_fails_nothing_was_sent(face: Face) -> None:
    with serving(speaks_first) as server, pytest.raises(errors.ApiUnreachable) as caught:
        face(server.url.replace("http:", "https:"), "create_task", JOB)
    assert type(caught.value.__cause__) is httpx2.ConnectError


@pytest.mark.parametrize("face", FACES)
def test_a_full_backlog_is_unreachable(face: Face) -> None:
    # Nobody accepts, and the queue is full: a connection is never made.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, suppress(BlockingIOError):
        crowd = [socket.socket() for _ in range(4)]
        for visitor in crowd:
            visitor.settimeout(0)
            visitor.connect_ex(listener.getsockname())
        try:
            with pytest.raises(errors.ApiUnreachable):
                face(
                    f"http://127.0.0.1:{listener.getsockname()[1]}", "create_task", JOB, settings={"create_timeout": 1}
                )
        finally:
            for visitor in crowd:
                visitor.close()


@pytest.mark.parametrize("face", FACES)
def test_a_full_pool_is_unreachable(face: Face) -> None:
    if face.name == "async":
        http: object = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=0), trust_env=False)
    else:
        http = httpx2.Client(limits=httpx2.Limits(max_connections=0), trust_env=False)
    with serving(answers(200, CREATED)) as server:
        with pytest.raises(errors.ApiUnreachable):
            face(server.url, "create_task", JOB, settings={"http": http, "create_timeout": 2})
        assert server.requests == []


@pytest.mark.parametrize("face", FACES)
def test_a_key_that_the_server_quotes_is_masked(face: Face) -> None:
    body = {"error": {"code": "invalid_api_key", "message": f"Incorrect key {KEY}."}}
    with (
        serving(answers(401, body, X_Request_Id=f"for-{KEY}")) as server,
        pytest.raises(errors.InvalidApiKey) as caught,
    ):
        face(server.url, "credits")
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert KEY not in shown
    assert "sk-…" in str(caught.value)


@pytest.mark.parametrize("face", FACES)
def test_the_words_of_a_server_cannot_steer_a_terminal(face: Face) -> None:
    words = "\x1b[2Jhead\nline two \u202eevil https://b.example/x.mp4?X-Amz-Signature=secret " + "long " * 10_000
    body = {"error": {"code": "invalid_request\x07", "message": words, "type": {"not": "text"}}}
    with serving(answers(400, body)) as server, pytest.raises(errors.InvalidRequest) as caught:
        face(server.url, "credits")
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 700
    assert "secret" not in text
    assert caught.value.type is None


@pytest.mark.parametrize("face", FACES)
def test_retry_after_of_both_kinds_is_carried(face: Face) -> None:
    limited = {"error": {"code": "rate_limit_exceeded", "message": "Slow down."}}
    spent = {"error": {"code": "spend_limit_exceeded", "message": "Cap reached."}}
    later = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Retry_After": "Sun, 22 Nov 2026 10:01:30 GMT"}
    with serving(answers(429, limited, Retry_After="7"), answers(429, spent, **later)) as server:
        with pytest.raises(errors.RateLimitExceeded) as soon:
            face(server.url, "create_task", JOB)
        with pytest.raises(errors.SpendLimitExceeded) as capped:
            face(server.url, "create_task", JOB)
    assert (soon.value.retry_after, capped.value.retry_after) == (7, 90)


@pytest.mark.parametrize("face", FACES)
def test_a_query_is_asked_again_until_it_is_answered(face: Face) -> None:
    balance = {"code": 200, "msg": "success", "data": {"balance": 12.25, "total_purchased": 20, "total_consumed": 7.75}}
    with serving(reset, answers(502, b""), answers(429, b"", Retry_After="1"), answers(200, balance)) as server:
        account = face(server.url, "credits")
        assert len(server.requests) == 4
    assert str(account.balance) == "12.25"
