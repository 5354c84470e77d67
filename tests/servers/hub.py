"""A server that behaves like the parts of GitHub's REST API that the comment uses, with its faults by name.

Lists, creates and updates comments of an issue, and lists pull requests, in pages of ``per_page``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"type": "Bot", "login": "github-actions[bot]"}
PERSON = {"type": "User", "login": "somebody"}


@dataclass(slots=True, kw_only=True)
class Hub:
    """Its comments and pull requests. ``faults`` are used up: one for each request, ``""`` for none."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    url: str = ""

    def add(self, body: str, user: dict[str, str]) -> int:
        self.comments.append({"id": 1000 + len(self.comments), "body": body, "user": user})
        return int(self.comments[-1]["id"])


FAULTS: dict[str, tuple[int, dict[str, str], str]] = {
    "forbidden": (403, {}, "Resource not accessible by integration"),
    "primary-limit": (403, {"x-ratelimit-remaining": "0", "retry-after": "0"}, "API rate limit exceeded"),
    "secondary-limit": (403, {"retry-after": "0"}, "You have exceeded a secondary rate limit"),
    "too-many": (429, {"retry-after": "0"}, "Too many requests"),
    "for-an-hour": (429, {"retry-after": "3600"}, "Too many requests"),
    "unavailable": (503, {"retry-after": "0"}, "Unavailable"),
    "not-found": (404, {}, "Not Found"),
    "escapes": (422, {}, "Validation \x1b[31mFailed\n::error::injected"),
}


@contextmanager
def hub() -> Iterator[Hub]:
    """A running server, on loopback."""
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def _answer(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            for name, text in {**(headers or {}), "content-length": str(len(data))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def _do(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            state.requests.append(f"{self.command} {path}")
            state.tokens.add(self.headers.get("authorization", ""))
            fault = state.faults.pop(0) if state.faults else ""
            if fault in FAULTS:
                status, headers, message = FAULTS[fault]
                self._answer(status, {"message": message}, headers)
                return
            answer = self._work(path, query, body)
            if fault == "lost":  # done, and the answer never arrives
                self.close_connection = True
                self.connection.close()
                return
            self._answer(201 if self.command == "POST" else 200, answer)

        def _work(self, path: str, query: dict[str, list[str]], body: dict[str, str]) -> object:
            if self.command == "POST":
                return {"id": state.add(body["body"], BOT)}
            if self.command == "PATCH":
                (found,) = [each for each in state.comments if str(each["id"]) == path.rpartition("/")[2]]
                found["body"] = body["body"]
                return found
            if path.endswith("/pulls"):
                owner, _, branch = query["head"][0].partition(":")
                return [pull for pull in state.pulls if (pull["owner"], pull["branch"]) == (owner, branch)]
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return state.comments[(page - 1) * size : page * size]

        do_GET = do_POST = do_PATCH = _do  # noqa: N815 - names of the library

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
