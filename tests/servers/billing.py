"""An API of the tests' own that takes jobs and keeps accounts: it bills when a test wants, and answers as it is told.

    with billing(clock) as api:
        api.world("a").script = [Answer(None, reset=True)]
        Client(KEY, base_url=api.url("a"))

Each name is a world of its own: an account, and how it behaves. Time is the test's, so a bill may come minutes later.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OPENING = 10_000
PRICE = 360


@dataclass(frozen=True)
class Answer:
    """The answer to a create: bytes after the status line, or no answer at all."""

    status: int | None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    torn: bool = False
    reset: bool = False


@dataclass
class World:
    """``answers`` are those to the creates, in turn; when they are used up, a create succeeds and is billed at once.

    ``bill_after`` holds, for each of them, how long after the request it is billed; ``None`` for never. ``view`` says
    what ``/v1/credits`` answers, from the truth: balance and consumed credits.
    """

    answers: list[Answer] = field(default_factory=list)
    bill_after: list[float | None] = field(default_factory=list)
    view: Callable[[int, int], tuple[int, object]] | None = None
    created: int = 0
    looks: int = 0
    bills: list[datetime] = field(default_factory=list)

    def billed(self, now: datetime) -> int:
        return sum(moment <= now for moment in self.bills)


@dataclass
class BillingApi:
    base: str
    worlds: dict[str, World] = field(default_factory=dict)

    def world(self, name: str) -> World:
        return self.worlds.setdefault(name, World())

    def url(self, name: str) -> str:
        return f"{self.base}/{name}"


def honest(balance: int, consumed: int) -> tuple[int, object]:
    return 200, {"code": 200, "data": {"balance": balance, "total_consumed": consumed}}


class _Handler(BaseHTTPRequestHandler):
    api: BillingApi
    now: Callable[[], datetime]

    def do_GET(self) -> None:
        world = self.api.world(self.path.split("/")[1])
        world.looks += 1
        spent = PRICE * world.billed(type(self).now())
        status, body = (world.view or honest)(OPENING - spent, spent)
        self._send(Answer(status, json.dumps(body).encode()))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        world, now = self.api.world(self.path.split("/")[1]), type(self).now()
        number, world.created = world.created, world.created + 1
        if number >= len(world.answers):
            world.bills.append(now)
            body = {"code": 200, "msg": "success", "data": {"taskId": f"task-{number}"}}
            self._send(Answer(200, json.dumps(body).encode()))
            return
        after = world.bill_after[number]
        if after is not None:
            world.bills.append(now + timedelta(seconds=after))
        self._send(world.answers[number])

    def _send(self, answer: Answer) -> None:
        self.close_connection = True
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if answer.status is None:
            self.wfile.write(answer.body)
            return
        length = len(answer.body) + (500 if answer.torn else 0)
        fields = [("Content-Length", str(length)), ("Connection", "close"), *answer.headers]
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.wfile.write(f"HTTP/1.1 {answer.status} Whatever\r\n{head}\r\n".encode() + answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):
            super().shutdown_request(request)


@contextmanager
def billing(now: Callable[[], datetime]) -> Iterator[BillingApi]:
    """The API on a free port of this machine while the block runs; ``now`` is its time."""
    api = BillingApi("")
    handler = type("Handler", (_Handler,), {"api": api, "now": staticmethod(now)})
    with _Server(("127.0.0.1", 0), handler) as server:
        api.base = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join(10)
