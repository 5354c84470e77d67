"""A server of media files on this machine, which misbehaves where a test asks for it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from preflight.checking.options import Options
from preflight.errors import ConfigurationError
from preflight.redact.suggestion import suggestion
from preflight.sources.host import AllowedHost
from preflight.testing.made_clips import clip, clip_suffix
from preflight.testing.made_pictures import picture, picture_suffix
from preflight.testing.padded import Padded

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")
_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
    "bmp": "image/bmp", "mp4": "video/mp4", "mov": "video/quicktime",
}  # fmt: skip
_PAGE = Padded(head=b"<!doctype html><title>Sign in</title><p>Please sign in.</p>")

MEDIA_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "not-found": "answer 404",
        "forbidden": "answer 403",
        "unavailable": "answer 503",
        "unavailable-once": "answer 503 to the first request, and the file to the next",
        "redirects": "answer 302 to a URL with the file",
        "redirects-inside": "answer 302 to an address inside a network, which no reader may follow",
        "html": "answer 200 with a web page",
        "wrong-type": "declare the file as text/plain",
        "ignores-range": "answer every request with the whole file",
        "cut-short": "serve the first part of the file as if it were the whole",
        "closes-early": "announce what was asked for, and close the connection after 100 bytes",
        "stalls": "send the head of the answer and nothing of the file",
        "changes": "serve the file with another ETag at each request; a reader that asks once cannot see it",
        "refused": "a port on which nobody listens",
    }
)
"""What a file can be served with, by name."""

_STATUS = {"not-found": 404, "forbidden": 403, "unavailable": 503}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRequest:
    """A request that the server has got. ``range`` is the header, ``None`` where there was none."""

    method: str
    path: str
    range: str | None


@dataclass(slots=True)
class _File:
    content: Padded
    media_type: str
    fault: str | None
    asked: int = 0


@dataclass(slots=True)
class _State:
    files: dict[str, _File] = field(default_factory=dict)
    requests: list[MediaRequest] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ending: threading.Event = field(default_factory=threading.Event)


class MediaServer:
    """Makes files and serves them below ``url`` as long as the test lasts. Each method returns the URL of its file.

    ``fault`` is one of ``MEDIA_FAULTS``. Wrong arguments raise ``ConfigurationError``.
    """

    def __init__(self, state: _State, port: int, closed_port: int) -> None:
        self._state = state
        self._closed = f"http://127.0.0.1:{closed_port}"
        self.authority = f"127.0.0.1:{port}"
        self.url = f"http://{self.authority}"

    def __repr__(self) -> str:
        return f"MediaServer({self.url!r})"

    @property
    def options(self) -> Options:
        """Options of a check that may read these files: their address is not public."""
        return Options(allow=(AllowedHost.parse("127.0.0.1"),))

    @property
    def requests(self) -> tuple[MediaRequest, ...]:
        """The requests so far, the first one first."""
        return tuple(self._state.requests)

    def picture(
        self,
        width: int = 720,
        height: int = 1280,
        *,
        container: str = "PNG",
        size_bytes: int | None = None,
        fault: str | None = None,
    ) -> str:
        """A picture of these pixels, as PNG, JPEG, WEBP, GIF or BMP; PNG and JPEG of exactly ``size_bytes``."""
        content = picture(width, height, container=container, size_bytes=size_bytes)
        return self._serve(f"picture.{picture_suffix(container)}", content, fault)

    def clip(
        self,
        seconds: str | float | Decimal | Fraction = 5,
        *,
        width: int = 720,
        height: int = 1280,
        container: str = "MP4",
        size_bytes: int | None = None,
        fast_start: bool = True,
        fault: str | None = None,
    ) -> str:
        """A clip of exactly that length and size (H.264 in MP4 or MOV). ``fast_start`` is whether ``moov`` is first."""
        content = clip(
            seconds, width=width, height=height, container=container, size_bytes=size_bytes, fast_start=fast_start
        )
        return self._serve(f"clip.{clip_suffix(container)}", content, fault)

    def file(
        self, name: str, content: bytes | Path, *, declared_type: str | None = None, fault: str | None = None
    ) -> str:
        """A file of your own, under that name."""
        try:
            data = content.read_bytes() if isinstance(content, Path) else content
        except OSError as error:
            raise ConfigurationError(f"{content!s} cannot be read: {error.strerror}") from error
        return self._serve(name, Padded(head=data), fault, declared_type)

    def _serve(self, name: str, content: Padded, fault: str | None, declared_type: str | None = None) -> str:
        if fault is not None and fault not in MEDIA_FAULTS:
            hint = suggestion(fault, MEDIA_FAULTS) or "."
            raise ConfigurationError(f"there is no fault {fault!r:.60}{hint} The faults are {', '.join(MEDIA_FAULTS)}")
        if declared_type is None:
            declared_type = _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        if not declared_type.isascii() or not declared_type.isprintable():
            raise ConfigurationError("a declared type is the text of a header")
        if fault == "cut-short":
            content = Padded(head=content.head[: len(content.head) // 2])  # within the pixels or the samples
        with self._state.lock:
            path = f"/{len(self._state.files)}/{quote(name, safe='', errors='surrogateescape')}"
            self._state.files[path] = _File(content, "text/plain" if fault == "wrong-type" else declared_type, fault)
        return (self._closed if fault == "refused" else self.url) + path


class _Handler(BaseHTTPRequestHandler):
    """Answers with a file, as its fault has it."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    state: _State

    def log_message(self, *_: object) -> None:
        """Print nothing: the requests are in the state."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        with suppress(OSError):  # the reader has enough
            self._answer()

    def _answer(self) -> None:
        path, asked = self.path.partition("?")[0], self.headers.get("Range")
        with self.state.lock:
            self.state.requests.append(MediaRequest(method=self.command, path=path, range=asked))
            file = self.state.files.get(path.removesuffix("/moved"))
            if file is not None:
                file.asked += 1
        if file is None:
            self._send(404)
        elif file.fault in _STATUS or (file.fault == "unavailable-once" and file.asked == 1):
            self._send(_STATUS.get(file.fault or "", 503))
        elif file.fault == "redirects" and not path.endswith("/moved"):
            self._send(302, Location=f"{path}/moved")
        elif file.fault == "redirects-inside":
            self._send(302, Location="http://169.254.169.254/latest/meta-data/")
        elif file.fault == "html":
            self._send(200, _PAGE, 0, _PAGE.size, Content_Type="text/html")
        else:
            self._send_file(file, asked)

    def _send_file(self, file: _File, asked: str | None) -> None:
        size = file.content.size
        headers = {"Content_Type": file.media_type, "Accept_Ranges": "bytes"}
        headers["ETag"] = f'"{file.asked if file.fault == "changes" else size}"'
        found = _RANGE.fullmatch(asked or "")
        if found is None or file.fault == "ignores-range":
            self._send(200, file.content, 0, size, file.fault, **headers)
            return
        start, end = int(found[1]), min(size, int(found[2] or size) + 1)
        if start >= size or end <= start:
            self._send(416, Content_Range=f"bytes */{size}")
            return
        headers["Content_Range"] = f"bytes {start}-{end - 1}/{size}"
        self._send(206, file.content, start, end, file.fault, **headers)

    def _send(
        self,
        status: int,
        content: Padded | None = None,
        start: int = 0,
        end: int = 0,
        fault: str | None = None,
        /,
        **headers: str,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if content is None or self.command == "HEAD":
            return
        if fault == "stalls":
            self.wfile.flush()
            self.state.ending.wait()
            self.close_connection = True
            return
        if fault == "closes-early":
            end = min(end, start + 100)
            self.close_connection = True
        for piece in content.pieces(start, end):
            self.wfile.write(piece)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a connection that stalls is not waited for
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A reader that goes away is no error."""


@contextmanager
def serving_media() -> Iterator[MediaServer]:
    """A server on a free port of this machine while the block runs."""
    state = _State()
    handler = type("Handler", (_Handler,), {"state": state})
    with socket.socket() as closed, _Server(("127.0.0.1", 0), handler) as server:
        closed.bind(("127.0.0.1", 0))  # never listening: a connection to it is refused, and nobody else can have it
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield MediaServer(state, server.server_port, closed.getsockname()[1])
        finally:
            state.ending.set()
            server.shutdown()
            thread.join()
