"""One subject's conversation with its server: GETs, redirects by hand, and the outcome of each answer."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urljoin

from preflight.errors import AddressRefused, HttpStatus, SourceError, Unreachable
from preflight.lazy import pattern
from preflight.model import Span, Transfer
from preflight.model.named_tuple import NamedTuple
from preflight.model.retry_after import retry_after
from preflight.redact import redact
from preflight.sources.host import AllowedHost
from preflight.sources.limits import RemoteLimits
from preflight.sources.ranges import content_length, range_header
from preflight.sources.request_log import log_outcome
from preflight.sources.retries import Retries
from preflight.sources.transport import ConnectionBroken, Response, Transport, TransportError
from preflight.sources.turns import Hosts, Visit
from preflight.sources.url import RemoteUrl, locate

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# Answers that a reading can go on with: the file, a part of it, or "there is no such part".
_USABLE = frozenset({200, 206, 416})

_SHOWN_VALIDATOR = 80

# Codings that change the bytes of a file. Any other value ("aws-chunked", "utf-8", "none") was left over by an
# upload, and says nothing about the bytes that come.
_COMPRESSED = frozenset({"br", "compress", "dcb", "dcz", "deflate", "exi", "gzip", "x-compress", "x-gzip", "zstd"})

# RFC 9110 §8.8.3, without the bytes beyond ASCII that it merely tolerates: text sent back to the server must be clean.
_STRONG_TAG = pattern(r'"[\x21\x23-\x7e]{0,1000}"')
_MEDIA_TYPE = pattern(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")


class Validator(NamedTuple):
    """Identifies one version of a file: its ETag, or the time of its last change. ``strong``: If-Range may send it."""

    value: str
    strong: bool

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Validator | None:
        """RFC 9110 §8.8. A strong ETag, else the time, else any other ETag."""
        tag, time = headers.get("etag"), headers.get("last-modified")
        if tag and _STRONG_TAG.fullmatch(tag):
            return cls(value=tag, strong=True)
        value = time or tag
        return cls(value=value, strong=False) if value else None


class Body:
    """The body of one answer, counted as it arrives."""

    def __init__(self, answer: Response, exchange: Exchange) -> None:
        self.announced = content_length(answer.headers.get("content-length"))
        self._answer = answer
        self._exchange = exchange
        self._received = 0

    async def read(self) -> bytes:
        """The bytes that have arrived, at least one; ``b""`` at the end. Raises ``Unreachable`` where it breaks off."""
        try:
            piece = await self._answer.read()
        except ConnectionBroken as exc:
            if exc.not_http:
                raise Unreachable(f"{exc} after {self._received} bytes") from exc
            raise self.cut_short(self.announced) from exc
        self._received += len(piece)
        self._exchange.count(len(piece), self._received, self.announced)
        return piece

    def cut_short(self, expected: int | None) -> Unreachable:
        """The fault of a body that ended before the ``expected`` length."""
        of = "" if expected is None else f" of {expected}"
        fault = Unreachable(f"the connection was closed after {self._received}{of} bytes")
        fault.passing = True
        return fault


class Exchange:
    """Sends the requests of one subject, one at a time, and keeps account of them.

    ``bytes`` counts those of bodies that were received, ``bytes_asked`` those that were asked for, as far as the file
    has them: of a body without ranges, those up to the last that was needed. ``on_bytes`` is told of each body as it
    arrives: the bytes so far, and those announced (``None``: not announced).
    """

    def __init__(
        self,
        target: RemoteUrl,
        *,
        transport: Transport,
        limits: RemoteLimits,
        retries: Retries | None = None,
        allow: Collection[AllowedHost] = (),
        visit: Visit | None = None,
        on_bytes: Callable[[int, int | None], object] | None = None,
    ) -> None:
        self.limits, self._on_bytes = limits, on_bytes
        self.retries = retries or Retries(0, seconds_left=lambda: 0.0)
        self.ranges: bool | None = None
        self.validator: Validator | None = None
        self.bytes = self.bytes_asked = 0
        self._origin = target
        self._target = target
        self._transport = transport
        self._allow = allow
        self._visit = visit or Hosts().visit()
        self._redirects = 0
        self._sent_again = 0
        self._has_asked_for_all = False
        self._status: int | None = None
        self._wish: float | None = None
        self._declared_type: str | None = None

    def restart(self, *, broke: bool = False) -> None:
        """Begin again at the URL that was given: the object changed, and so may have the place it redirects to.

        Where a body ``broke`` instead, the whole may be asked for once more.
        """
        self._target = self._origin
        self._has_asked_for_all = self._has_asked_for_all and not broke
        self.validator = None

    def beyond(self, more: int) -> Unreachable | None:
        """The fault of one more request, for ``more`` bytes, if that is beyond the limits."""
        if self._transport.requests >= self.limits.requests:
            return Unreachable(f"reading it takes more than {self.limits.requests} requests")
        # Not those that came: how many do differs from one reading to the next.
        if self.bytes_asked + more > self.limits.budget_bytes:
            return Unreachable(f"reading it takes more than {self.limits.budget_bytes} bytes")
        return None

    async def get(self, span: Span | None) -> Response:
        """The answer to a GET of ``span`` (``None``: of everything), redirects followed: 200, 206 or 416, body unread.

        Asks again as far as ``retries`` allow. Raises ``AddressRefused``, ``HttpStatus`` or ``Unreachable``. The caller
        closes the answer.
        """
        while True:
            try:
                return await self._got(span)
            except HttpStatus as fault:
                if not await self.retries.after_status(fault, self._wish):
                    raise
            except Unreachable as fault:
                if not self.retries.after_break(fault):
                    raise

    async def _got(self, span: Span | None) -> Response:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if span is not None:
            headers["Range"] = range_header(span)
            if self.validator is not None and self.validator.strong:
                headers["If-Range"] = self.validator.value
        seen = {self._target}
        while True:
            answer = await self._send(headers)
            if answer.status not in _REDIRECTS:
                break
            answer.close()
            self._follow(answer.headers.get("location"), seen)
        try:
            self._examine(answer)
        except BaseException:
            answer.close()
            raise
        return answer

    async def get_whole(self) -> Response | None:
        """The 200 to a GET of everything; ``None``, as if it had not been asked for, where there is none.

        Asked for once in a reading: it is the last resort where ranges do not lead to an answer that can be trusted.
        """
        if self._has_asked_for_all:
            return None
        self._has_asked_for_all = True
        said = self._status, self._declared_type
        try:
            answer = await self.get(None)
        except SourceError:
            answer = None
        if answer is None or answer.status != 200:
            self._status, self._declared_type = said
            if answer is not None:
                answer.close()
            return None
        return answer

    def count(self, more: int, received: int, announced: int | None) -> None:
        self.bytes += more
        if self._on_bytes is not None and more:
            self._on_bytes(received, announced)

    def unfinished(self) -> Unreachable:
        """The fault of a reading that the deadline ended."""
        within = f"within {self.limits.deadline_s:g} s"
        if not self._transport.connections:
            return Unreachable(f"no connection was made {within}")
        if self._status is None:
            return Unreachable(f"no answer came {within}")
        return Unreachable(f"the requested bytes did not come {within}: {self.bytes} bytes came")

    def transfer(self, elapsed_s: float, *, failed: bool) -> Transfer:
        """The cost of the conversation so far, which ``failed`` or is over, and the server's answers."""
        return Transfer(
            requests=self._transport.requests,
            connections=self._transport.connections,
            bytes=self.bytes if failed else max(self.bytes, self.bytes_asked),
            bytes_asked=self.bytes_asked,
            bytes_received=self.bytes,
            redirects=self._redirects,
            proxy=self._transport.uses_proxy,
            retries=self.retries.used + self._sent_again,
            elapsed_ms=round(elapsed_s * 1000),
            status=self._status,
            declared_type=self._declared_type,
            ranges=self.ranges,
            validator=re.sub(r"[^ -~]", "?", self.validator.value[:_SHOWN_VALIDATOR]) if self.validator else None,
        )

    async def _send(self, headers: dict[str, str]) -> Response:
        """The answer to a request, sent again where the host asks for time and manners allow it."""
        while True:
            answer = await self._sent(headers)
            wait_s = self._visit.answered(answer.status, answer.headers)
            if wait_s is None:
                return answer
            self._sent_again += 1
            answer.close()
            self._transport.close()
            await self._visit.pause(wait_s)

    async def _sent(self, headers: dict[str, str]) -> Response:
        beyond = self.beyond(0)
        if beyond:
            raise beyond
        self._transport.patience_s = self.limits.patience_s if self.retries.allow_a_break else None
        began, asked = time.monotonic(), headers.get("Range")
        try:
            answer = await self._transport.send("GET", self._target, headers)
        except TransportError as exc:
            log_outcome(self._target, asked, exc, seconds=time.monotonic() - began)
            fault = Unreachable(str(exc))
            fault.passing = exc.passing
            raise fault from exc
        except asyncio.CancelledError:
            log_outcome(self._target, asked, TimeoutError("no answer by then"), seconds=time.monotonic() - began)
            raise
        log_outcome(self._target, asked, answer, seconds=time.monotonic() - began)
        return answer

    def _follow(self, location: str | None, seen: set[RemoteUrl]) -> None:
        if not location:
            raise Unreachable("it redirects without saying where to")
        try:
            # Servers forget to encode spaces, and every browser forgives that.
            url = urljoin(self._target.url, location.strip().replace(" ", "%20"))
            target = locate(url, self._allow)
        except AddressRefused as refused:
            raise AddressRefused(f"it redirects to {redact(url)}, which is refused: {refused}") from refused
        except ValueError as exc:
            raise Unreachable("it redirects to something that is not a URL") from exc
        if target.scheme == "http" and self._target.scheme == "https":
            raise Unreachable("it redirects from https to http")
        if target in seen:
            raise Unreachable("it redirects in a circle")
        if len(seen) > self.limits.redirects:
            raise Unreachable(f"it redirects more than {self.limits.redirects} times")
        self._redirects += 1
        self._target = target
        seen.add(target)

    def _examine(self, answer: Response) -> None:
        self._status = answer.status
        declared = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._declared_type = declared if _MEDIA_TYPE.fullmatch(declared) else None
        if self._status not in _USABLE:
            if 400 <= self._status < 600:
                self._wish = _wish(answer.headers)
                raise HttpStatus(self._status)
            raise Unreachable(f"the server answered {self._status}, which is neither the file nor an error")
        codings = {coding.strip().lower() for coding in answer.headers.get("content-encoding", "").split(",")}
        compressed = sorted(codings & _COMPRESSED)
        if self._status != 416 and compressed:
            raise Unreachable(f"the server compresses the file ({compressed[0]!a}) although asked not to")


def _wish(headers: Mapping[str, str]) -> float | None:
    return retry_after(headers) if "retry-after" in headers else None
