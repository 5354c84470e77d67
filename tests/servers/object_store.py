"""A real S3 over HTTP: moto's server in a process of its own, and a gate before it that misbehaves by name."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

ACCESS_KEY, SECRET_KEY = "AKIACANARYACCESS", "canarySecretKey7f3a"
BUCKET = "media"
_SECONDS = 60

_MOTO = """
import logging, sys
logging.getLogger("werkzeug").setLevel(logging.ERROR)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""

_ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{said}</Message></Error>'
_HOP = {"connection", "transfer-encoding", "keep-alive", "server", "date"}


class Gate(ThreadingHTTPServer):
    """Hands requests on to moto at ``port``, unless ``misbehave`` answers them; ``before`` is called with each."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store_port = port
        self.open()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news here: it may have been killed."""

    def open(self) -> None:
        """Behave again."""
        self.misbehave: Callable[[_Handler], tuple[int, str] | None] = lambda _: None
        self.spoil: Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]] = lambda data, head: (data, head)
        self.before: Callable[[str, str], object] = lambda _, __: None
        self.seen: list[tuple[str, str]] = []

    def count(self, method: str) -> int:
        return sum(each == method for each, _ in self.seen)


class _Handler(BaseHTTPRequestHandler):
    server: Gate
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path))
        self.server.before(self.command, self.path)
        if (refusal := self.server.misbehave(self)) is not None:
            status, code = refusal
            said = f"canary {ACCESS_KEY} {SECRET_KEY}"  # stores quote what they were sent
            self._answer(status, {"Content-Type": "application/xml"}, _ERROR.format(code=code, said=said).encode())
            return
        store = http.client.HTTPConnection("127.0.0.1", self.server.store_port, timeout=_SECONDS)
        with closing(store):
            store.request(self.command, self.path, body, dict(self.headers))
            answer = store.getresponse()
            data = answer.read()
        head = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
        if self.command == "GET":
            data, head = self.server.spoil(data, head)
        self._answer(answer.status, head, data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815 - the names that they have

    def _answer(self, status: int, head: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        length = head.pop("Content-Length", head.pop("content-length", None))
        for name, value in head.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
        pass


class Bucket:
    """A bucket behind a gate. ``client`` is Amazon's own library, for the truth about what is there."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.url = f"http://127.0.0.1:{gate.server_port}"
        self._admin = f"http://127.0.0.1:{gate.store_port}"
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=self._admin,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}, proxies={}),
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a user reaches it."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def reset(self) -> None:
        """An empty bucket, a gate that behaves, and credentials that nobody checks."""
        self.gate.open()
        self._post("/moto-api/reset-auth", b"inf")
        self._post("/moto-api/reset", b"")
        self.client.create_bucket(Bucket=BUCKET)

    def check_credentials(self) -> None:
        """From now on requests need the credentials of a user of the store."""
        self._post("/moto-api/reset-auth", b"0")

    def held(self) -> list[str]:
        return [each["Key"] for each in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]

    def unfinished(self) -> list[str]:
        return [each["Key"] for each in self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())]

    def _post(self, path: str, data: bytes) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        head = {"Content-Type": "text/plain"}
        opener.open(urllib.request.Request(self._admin + path, data, head, method="POST"), timeout=_SECONDS).close()


def denies_reading(handler: _Handler) -> tuple[int, str] | None:
    """What credentials with the right to write alone meet."""
    return (403, "AccessDenied") if handler.command in ("GET", "HEAD") else None


def has_another_clock(handler: _Handler) -> tuple[int, str] | None:
    """A store whose clock is an hour ahead of this machine's, as S3 answers then."""
    said = handler.headers.get("X-Amz-Date")
    if said is None:
        return None
    signed = datetime.strptime(said, "%Y%m%dT%H%M%S%z")
    ahead = datetime.now(UTC) + timedelta(hours=1) - signed
    return (403, "RequestTimeTooSkewed") if ahead > timedelta(minutes=15) else None


def answers(status: int, code: str, method: str = "PUT") -> Callable[[_Handler], tuple[int, str] | None]:
    """A store that answers every such request with one error."""
    return lambda handler: (status, code) if handler.command == method else None


@contextmanager
def object_store() -> Iterator[Bucket]:
    """A bucket for as long as the context lasts."""
    with subprocess.Popen(
        [sys.executable, "-c", _MOTO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        gate = Gate(int(process.stdout.readline()))
        thread = threading.Thread(target=gate.serve_forever, args=(0.01,))
        thread.start()
        try:
            bucket = Bucket(gate)
            with closing(bucket.client):
                bucket.reset()
                yield bucket
        finally:
            gate.shutdown()
            thread.join()
            gate.server_close()
            process.stdin.close()
            process.wait(_SECONDS)


@contextmanager
def studio() -> Iterator[tuple[Any, dict[str, str]]]:
    """Amazon's client of a store with an empty bucket ``studio``, and the environment that leads there."""
    with object_store() as bucket:
        bucket.client.create_bucket(Bucket="studio")
        yield bucket.client, {**bucket.environment, "AWS_DEFAULT_REGION": "us-east-1"}


def slowly(seconds: float) -> Callable[[str, str], object]:
    """For ``Gate.before``: a line on which each upload takes a while."""
    return lambda method, _: time.sleep(seconds) if method == "PUT" else None
