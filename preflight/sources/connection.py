"""One HTTP/1.1 connection: requests one after the other, answers checked by h11 for grammar, and by us for bounds.

h11 gets a head only when it is whole, and after its length, its number of fields and its characters were checked: on a
line that h11 refuses in the end, its patterns take time that grows with the square of the length. A body whose length
is announced has no grammar: its bytes are counted here, and not copied through h11.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache

import h11

from preflight.lazy import pattern
from preflight.sources.limits import RemoteLimits
from preflight.sources.sockets import Stream

_STATUS_LINE = b"HTTP/1."
_END_OF_HEAD = pattern(rb"\n\r?\n")
_NEVER_IN_A_HEAD = pattern(rb"[\x00\x0b\x0c]|\r(?!\n)")
_SWITCHES = pattern(rb"HTTP/1\.[0-9] 101\b")
_REQUEST = pattern(r"[A-Z]+ [!-~]+ HTTP/1\.1\r\n(?:[A-Za-z-]+: [\t -~]+\r\n)+\r\n")
"""Nothing that a URL, an answer or a setting brought along begins a line, or a request, of its own."""

_WITHOUT_A_BODY = frozenset({204, 304})

_END = h11.EndOfMessage()

_CHUNK_LINE_BYTES = 4096
"""Bytes of a chunked body that h11 gets at a time, and the longest line between its chunks: see above."""


class TransportError(Exception):
    """A request that got no whole answer. The text is for people and names neither address nor URL.

    ``passing``: the connection broke or was silent, which another may not.
    """

    def __init__(self, text: str, *, passing: bool = False) -> None:
        super().__init__(text)
        self.passing = passing


class NotConnected(TransportError):
    """No connection was made: nothing was sent."""


class ConnectionBroken(TransportError):
    """The connection ended before the answer did, ``unanswered`` before its first byte, or the answer is not HTTP.

    ``not_http`` is true for an answer beyond the bounds, too.
    """

    def __init__(self, text: str, *, unanswered: bool = False, not_http: bool = False) -> None:
        super().__init__(text, passing=not not_http)
        self.unanswered = unanswered
        self.not_http = not_http


class Response:
    """Status and header fields of an answer, its body still to be read. The receiver closes it.

    ``headers`` are by lower-case name; repeated fields are joined by commas (RFC 9110 §5.3). Lengths that
    agree count as one, and none counts beside a transfer coding (RFC 9112 §6.3).
    """

    def __init__(self, connection: Connection, head: h11.Response) -> None:
        self.status = head.status_code
        self.headers: Mapping[str, str] = _fields(head)
        self._connection = connection
        self._is_closed = False

    async def read(self) -> bytes:
        """The bytes of the body that have arrived, at least one; ``b""`` at its end. Raises ``TransportError``."""
        return await self._connection.read_body()

    def close(self) -> None:
        """Keeps the connection if the body was read to its end, or has arrived whole; drops it otherwise."""
        if not self._is_closed:
            self._is_closed = True
            self._connection.release()


class Connection:
    """A stream, and the engine that knows how far the conversation on it is."""

    def __init__(self, stream: Stream, limits: RemoteLimits) -> None:
        self.stream = stream
        self._limits = limits
        self._engine = _engine()
        self._unseen = memoryview(b"")
        self._is_chunked = False
        self._left: int | None = None
        self._body_ended = False
        self._stream_ended = False

    @property
    def is_reusable(self) -> bool:
        """Whether another request may be sent: the last answer was read, and no bytes came that nobody asked for."""
        is_done = self._left is not None or self._engine.their_state is h11.DONE
        return self._body_ended and is_done and self._engine.our_state is h11.DONE and self.is_silent

    @property
    def is_silent(self) -> bool:
        """Whether the connection is open, and nothing has arrived after the bytes that were read."""
        return self.stream.is_quiet and not self._unseen and not self._engine.trailing_data[0]

    async def ask(self, method: str, target: str, headers: Mapping[str, str]) -> Response:
        """The answer to one request, its body still to be read. Raises ``ConnectionBroken``, and is closed then."""
        if self._body_ended:
            self._engine = _engine()  # the body of the answer before may not have passed through it
            self._body_ended = False
        request = _written(method, target, headers)
        for event in (_begun(method), _END):
            self._engine.send(event)
        try:
            self.stream.write(request)
            head = await self._answer()
        except BaseException:
            self.close()
            raise
        response = Response(self, head)
        self._is_chunked = "transfer-encoding" in response.headers
        self._left = None
        if method == "GET" and head.status_code not in _WITHOUT_A_BODY:
            length = response.headers.get("content-length")
            self._left = None if length is None else int(length)  # h11 took it for a number
        return response

    async def read_body(self) -> bytes:
        """The bytes of the body that have arrived, at least one; ``b""`` at its end."""
        try:
            while (piece := self._arrived_piece()) is None:
                data = await self._received()
                if not data:
                    self._stream_ended = True
                    self._engine.receive_data(b"")
                self._unseen = memoryview(data)
        except BaseException:
            self.close()
            raise
        return piece

    def release(self) -> None:
        """End the answer: close the connection unless it can be used again."""
        with suppress(ConnectionBroken):
            if not self._unseen:
                self._unseen = memoryview(self.stream.take())
            while not self._body_ended and self._arrived_piece():
                pass
        if not self.is_reusable:
            self.close()

    def close(self) -> None:
        self.stream.close()

    async def _answer(self) -> h11.Response:
        while True:
            self._engine.receive_data(await self._head())
            try:
                event = self._engine.next_event()
            except h11.RemoteProtocolError:
                raise _not_http("the answer is not valid HTTP") from None  # whose text quotes the server
            if isinstance(event, h11.Response):
                return event

    async def _head(self) -> bytes:
        """Everything up to the next empty line. The bytes after it wait for their turn."""
        head, searched = bytearray(self._unseen), 0
        self._unseen = memoryview(b"")
        while (end := _END_OF_HEAD.search(head, searched)) is None:
            self._judge_beginning(head)
            searched = max(0, len(head) - 2)
            data = await self._received(unanswered=not head)
            if not data:
                raise ConnectionBroken("the connection was closed before an answer came", unanswered=not head)
            head += data
        whole, self._unseen = bytes(head[: end.end()]), memoryview(head)[end.end() :]
        self._judge_beginning(whole)
        if _NEVER_IN_A_HEAD.search(whole):
            raise _not_http("the answer is not valid HTTP")
        if _SWITCHES.match(whole):
            raise _not_http("the server answered 101 to a request that proposes no other protocol")
        return whole

    def _judge_beginning(self, head: bytes | bytearray) -> None:
        if not head.startswith(_STATUS_LINE[: len(head)]):
            raise _not_http("the answer is not valid HTTP")
        # One more line for the status, and one that is empty.
        if head.count(b"\n") - 2 > self._limits.headers:
            raise _not_http(f"the header of the answer has more than {self._limits.headers} fields")
        if len(head) > self._limits.header_bytes:
            raise _not_http(f"the header of the answer is longer than {self._limits.header_bytes} bytes")

    def _arrived_piece(self) -> bytes | None:
        """The bytes of the body that have arrived; ``b""`` at its end, ``None`` before that if nothing is there."""
        if self._left is not None:
            return self._counted_piece(self._left)
        pieces: list[bytes] = []
        while not self._body_ended:
            try:
                event = self._engine.next_event()
            except h11.RemoteProtocolError:
                if pieces:
                    break  # raised again, when these have been taken
                if self._stream_ended:
                    raise _cut_short() from None
                raise _not_http("the body of the answer is not valid HTTP") from None
            if isinstance(event, h11.Data):
                pieces.append(event.data)
            elif event is not h11.NEED_DATA:
                self._body_ended = True
            elif self._unseen:
                shown = _CHUNK_LINE_BYTES if self._is_chunked else len(self._unseen)
                self._engine.receive_data(bytes(self._unseen[:shown]))
                self._unseen = self._unseen[shown:]
            else:
                break
        return b"".join(pieces) if pieces or self._body_ended else None

    def _counted_piece(self, left: int) -> bytes | None:
        """The same of a body that ends ``left`` bytes from here. Those after it stay unseen: nobody asked for them."""
        if self._unseen:
            piece = bytes(self._unseen[:left])
            self._unseen = self._unseen[len(piece) :]
            left -= len(piece)
        else:
            piece = b""
        self._left = left
        self._body_ended = not left
        if self._stream_ended and not (piece or self._body_ended):
            raise _cut_short()
        return piece if piece or self._body_ended else None

    async def _received(self, *, unanswered: bool = False) -> bytes:
        try:
            return await self.stream.read()
        except TimeoutError:
            text = f"nothing came for {self.stream.patience_s:g} s"
            raise ConnectionBroken(text, unanswered=False) from None
        except OSError:
            raise ConnectionBroken("the connection was reset", unanswered=unanswered) from None


def _engine() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=_CHUNK_LINE_BYTES)


@cache
def _begun(method: str) -> h11.Request:
    """A request as h11 needs to know it: its method decides what the answer may be, and nothing else does."""
    return h11.Request(method=method, target="*", headers=[("Host", "")])


def _written(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a request, written here because h11 takes most of its time over what is the same every time."""
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    text = f"{method} {target} HTTP/1.1\r\n{fields}\r\n"
    if _REQUEST.fullmatch(text) is None or text.count("\n") != len(headers) + 2:
        raise ValueError("not a request")
    return text.encode("ascii")


def _cut_short() -> ConnectionBroken:
    return ConnectionBroken("the connection was closed before the body ended")


def _not_http(text: str) -> ConnectionBroken:
    return ConnectionBroken(text, not_http=True)


def _fields(head: h11.Response) -> dict[str, str]:
    fields: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name = raw_name.decode("latin-1")
        try:
            value = raw_value.decode()
        except UnicodeDecodeError:
            value = raw_value.decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    if "transfer-encoding" in fields:
        fields.pop("content-length", None)
    return fields
