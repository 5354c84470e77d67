"""Reading again after a 429, a 503, or a connection that broke or was silent: how often, how soon, and when not."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Thread
from typing import TypeAlias

import pytest

from preflight.errors import HttpStatus, Unreachable
from preflight.model import Reading, Span
from preflight.sources.limits import RemoteLimits
from preflight.sources.retries import Retries
from tests.servers.lying import serving
from tests.servers.reading import length_and_ends, read, reads

DATA = bytes(range(251)) * 1000
ENDS = (len(DATA), DATA[:4], DATA[-4:])

Answer: TypeAlias = Callable[[bytes, socket.socket], None]
"""Answers one request, whose head it gets. Returning closes the connection."""


def part(head: bytes, to: socket.socket, most: int | None = None) -> None:
    """A right 206, or its first bytes."""
    start, last = head.split(b"bytes=")[1].split(b"\r\n")[0].split(b"-")
    begin, end = int(start), min(int(last) + 1, len(DATA))
    fields = (
        f"Content-Range: bytes {begin}-{end - 1}/{len(DATA)}\r\nContent-Length: {end - begin}\r\nConnection: close\r\n"
    )
    to.sendall(f"HTTP/1.1 206 Part\r\n{fields}\r\n".encode() + DATA[begin:end][:most])


def whole(_head: bytes, to: socket.socket, most: int | None = None) -> None:
    to.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(DATA)}\r\n\r\n".encode() + DATA[:most])


def refused(status: int, *fields: str) -> Answer:
    def answer(_head: bytes, to: socket.socket) -> None:
        to.sendall(
            "\r\n".join([f"HTTP/1.1 {status} No", *fields, "Content-Length: 0", "Connection: close", "", ""]).encode()
        )

    return answer


def reset(_head: bytes, to: socket.socket) -> None:
    to.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def then_reset(answer: Callable[..., None], sent: int) -> Answer:
    def broken(head: bytes, to: socket.socket) -> None:
        answer(head, to, sent)
        reset(head, to)

    return broken


def silent(_head: bytes, to: socket.socket) -> None:
    """Nothing, until the client goes."""
    to.settimeout(20)
    to.recv(1)


@contextmanager
def answering(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers each request in its own way, the last one for all that follow: its URL, and the heads."""
    heads: list[bytes] = []

    def run(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                head = b""
                while not head.endswith(b"\r\n\r\n") and (data := connection.recv(4096)):
                    head += data
                if head:
                    heads.append(head)
                    answers[min(len(heads), len(answers)) - 1](head, connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=run, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/x.mp4", heads
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def tried(url: str, retries: int, *, deadline_s: float = 20) -> Reading[tuple[int | None, bytes, bytes]]:
    return read(url, length_and_ends, limits=RemoteLimits(retries=retries, deadline_s=deadline_s))


AT_ONCE = "Retry-After: 0"
LONG_AGO = f"Retry-After: {format_datetime(datetime.now(UTC) - timedelta(days=3000), usegmt=True)}"


@pytest.mark.parametrize("wish", ["3600", "1.5", "-1", "soon"])
def test_a_server_that_asks_for_time_is_not_asked_for_the_whole_file_instead(wish: str) -> None:
    with answering(refused(503, f"Retry-After: {wish}"), part) as (url, heads):
        reading = tried(url, 1)
    assert isinstance(reading.fault, HttpStatus)
    assert len(heads) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wish", [AT_ONCE, LONG_AGO], ids=["seconds", "a date that is past"])
def test_a_server_that_has_no_time_is_asked_again_when_it_says(status: int, wish: str) -> None:
    with answering(refused(status, wish), refused(status, wish), part) as (url, heads):
        reading = tried(url, 2)

    assert (reading.facts, reading.fault) == (ENDS, None)
    assert (reading.transfer.retries, reading.transfer.requests) == (2, 4)
    assert len(heads) == 4


@pytest.mark.parametrize(("retries", "requests"), [(0, 2), (1, 3), (2, 4), (5, 7)])
def test_it_is_asked_so_many_times_again_and_no_more(retries: int, requests: int) -> None:
    with answering(refused(503, AT_ONCE)) as (url, heads):
        reading = tried(url, retries)

    # One more than the tries for the ranges: the last is for the whole.
    assert isinstance(reading.fault, HttpStatus)
    assert (reading.transfer.retries, len(heads)) == (retries, requests)


def test_a_wait_is_waited() -> None:
    with answering(refused(429, "Retry-After: 1"), part) as (url, _):
        reading = tried(url, 1)

    assert reading.facts == ENDS
    assert reading.transfer.elapsed_ms >= 1000


LATE = {
    "beyond the deadline": "3600",
    "ten digits": "9999999999",
    "a number without end": "9" * 3000,
    "a fraction": "1.5",
    "negative": "-5",
    "junk": "soon",
    "a date far away": "Fri, 31 Dec 9999 23:59:59 GMT",
    "a date that is none": "Sun, 99 Nov 9999999 10:00:30 GMT",
    "other digits": "\u0663",
}


@pytest.mark.parametrize("wish", LATE.values(), ids=list(LATE))
def test_a_wish_beyond_the_deadline_is_not_waited_for_and_the_fault_says_so(wish: str) -> None:
    with answering(refused(429, f"Retry-After: {wish}")) as (url, heads):
        reading = tried(url, 2)

    assert isinstance(reading.fault, HttpStatus)
    assert (reading.fault.too_late_s or 0) >= 3600
    assert (reading.transfer.retries, len(heads)) == (0, 1)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 410, 425, 451, 500, 502, 504])
def test_any_other_refusal_stays_one(status: int) -> None:
    with answering(refused(status, AT_ONCE)) as (url, heads):
        reading = tried(url, 5)

    assert isinstance(reading.fault, HttpStatus)
    assert (reading.transfer.retries, len(heads)) == (0, 2)


def test_a_refused_connection_and_a_failed_handshake_are_not_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    closed = tried(f"http://127.0.0.1:{port}/x.mp4", 5)
    with serving({"x.mp4": DATA}, tls=True) as server:
        untrusted = tried(server.url("ok", "x.mp4"), 5)

    assert isinstance(closed.fault, Unreachable)
    assert "certificate is not accepted" in str(untrusted.fault)
    assert closed.transfer.retries == untrusted.transfer.retries == 0


BROKEN: dict[str, Answer] = {
    "reset before the answer": reset,
    "closed before the answer": lambda _head, _to: None,
    "reset in a part": then_reset(part, 2),
    "reset in a whole body": then_reset(whole, 70_000),
    "closed in a whole body": lambda head, to: whole(head, to, 70_000),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_one_connection_that_breaks_is_made_again(broken: Answer) -> None:
    with answering(broken, part) as (url, heads):
        reading = tried(url, 2)

    assert (reading.facts, reading.fault) == (ENDS, None)
    assert reading.transfer.retries == 1
    assert len(heads) == 3


def test_a_second_one_that_breaks_is_a_fault() -> None:
    with answering(reset) as (url, heads):
        reading = tried(url, 5)

    assert str(reading.fault) == "the connection was reset"
    assert (reading.transfer.retries, len(heads)) == (1, 2)


def test_a_server_that_is_silent_is_asked_again_at_half_of_the_deadline() -> None:
    with answering(silent, part) as (url, heads):
        reading = tried(url, 1, deadline_s=3)

    assert reading.facts == ENDS
    assert (reading.transfer.retries, len(heads)) == (1, 3)


def test_without_retries_a_silent_server_is_waited_for_to_the_deadline() -> None:
    with answering(silent) as (url, heads):
        reading = tried(url, 0, deadline_s=0.4)

    assert str(reading.fault) == "no answer came within 0.4 s"
    assert len(heads) == 1


def test_what_came_before_a_break_is_not_asked_for_again() -> None:
    with answering(then_reset(part, 2), part) as (url, heads):
        read(url, reads(Span(0, 9)), limits=RemoteLimits(retries=1))

    starts = [int(head.split(b"bytes=")[1].split(b"-")[0]) for head in heads]
    assert starts[0] == 0
    assert starts[1] in {0, 2}  # a reset may take the two bytes with it


def decided(retries: Retries, *faults: tuple[int, float | None] | Unreachable) -> list[bool]:
    """Whether each is followed by another try: a status with the wish that came with it, or a connection that broke."""

    async def run() -> list[bool]:
        return [
            retries.after_break(it)
            if isinstance(it, Unreachable)
            else await retries.after_status(HttpStatus(it[0]), it[1])
            for it in faults
        ]

    return asyncio.run(run())


def recording(waits: list[float]) -> Callable[[float], Awaitable[None]]:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    return sleep


@pytest.mark.parametrize(("random", "wait"), [(0.0, 1.0), (0.5, 0.75), (1.0, 0.5)])
def test_without_a_wish_the_wait_is_short_differs_and_comes_once(random: float, wait: float) -> None:
    waits: list[float] = []
    retries = Retries(9, seconds_left=lambda: 20, sleep=recording(waits), random=lambda: random)

    assert decided(retries, (503, None), (503, None), (429, None)) == [True, False, False]
    assert waits == [wait]


def test_every_kind_counts_against_the_same_bound() -> None:
    waits: list[float] = []
    retries = Retries(2, seconds_left=lambda: 20, sleep=recording(waits), random=lambda: 0.0)
    broken = Unreachable("reset")
    broken.passing = True

    assert decided(retries, (429, 3.0), broken, (429, 3.0), (503, None)) == [True, True, False, False]
    assert (waits, retries.used) == ([3.0], 2)


def test_a_wait_must_leave_time_for_the_answer() -> None:
    waits: list[float] = []
    retries = Retries(2, seconds_left=lambda: 3.0, sleep=recording(waits))

    assert decided(retries, (429, 3.0), (429, 2.9)) == [False, True]
    assert waits == [2.9]
