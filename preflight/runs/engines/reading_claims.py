"""A worker's side of the readings that it shares with the others (``runs/engines/shared_readings.py``)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from preflight.errors import ConfigurationError
from preflight.model import Subject
from preflight.model.codec import decode, encode
from preflight.runs.engines.shared_readings import READ, Answer

if TYPE_CHECKING:
    from preflight.checking.subjects import SubjectRequest
    from preflight.model import Transfer
    from preflight.runs.manifests.repeated_urls import RepeatedUrls

_PATIENCE_S: Final = 600.0
"""Seconds to wait for the reading of another worker, which may have to wait for its host; then it is read here."""


class ReadingClaims:
    """Reads what no other worker reads, and takes the results of the others (``checking.subjects.Shared``).

    ``send`` sends a message to the process that started the workers. ``know`` is told of the cost of a reading that
    another worker counts. ``answered`` may be called in any thread; all else runs in the loop of the engine.
    """

    def __init__(
        self, repeated: RepeatedUrls, *, send: Callable[[tuple[Any, ...]], object], know: Callable[[Transfer], object]
    ) -> None:
        self._repeated = repeated
        self._send = send
        self._know = know
        self._lock = Lock()
        self._waiting: dict[bytes, tuple[asyncio.AbstractEventLoop, asyncio.Future[Answer]]] = {}

    def has(self, request: SubjectRequest) -> bool:
        """Whether the file of ``request`` is at a URL that stands in several rows."""
        return request.url is not None and self._repeated.has(request.source)

    async def examined(self, request: SubjectRequest, examine: Callable[[], Awaitable[Subject]]) -> Subject:
        """The subject of ``request``: that of another worker, or what ``examine`` returns."""
        key = blake2b(repr(request.identity).encode("utf-8", "backslashreplace"), digest_size=16).digest()
        match await self._answer(key):
            case None:
                return await examine()
            case (_, _, made, is_counted):
                return self._restored(made, is_counted=is_counted) or await examine()
            case _:
                return await self._examined_for_all(key, examine)

    def _restored(self, made: bytes, *, is_counted: bool) -> Subject | None:
        try:
            subject: Subject = decode(Subject, json.loads(made))
        except (ConfigurationError, ValueError):
            return None
        if is_counted:
            self._know(subject.transfer)
        return subject

    async def _examined_for_all(self, key: bytes, examine: Callable[[], Awaitable[Subject]]) -> Subject:
        result = None
        try:
            subject = await examine()
            with suppress(TypeError, ValueError):
                result = json.dumps(encode(subject)).encode("ascii")
        finally:
            self._send(("told", key, result))
        return subject

    def answered(self, answer: Answer) -> None:
        """The process that started the workers has answered. A reading that nobody waits for any more is given up."""
        with self._lock:
            loop, future = self._waiting.pop(answer[1], (None, None))
        if loop is not None and future is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._settle, future, answer)
        else:
            self._give_up(answer)

    async def _answer(self, key: bytes) -> Answer | None:
        """The answer to a question for ``key``; ``None`` where it does not come in time."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        with self._lock:
            self._waiting[key] = loop, future
        self._send(("asked", key))
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await future
        except TimeoutError:
            return future.result() if future.done() and not future.cancelled() else None
        finally:
            with self._lock:
                self._waiting.pop(key, None)

    def _settle(self, future: asyncio.Future[Answer], answer: Answer) -> None:
        if future.done():
            self._give_up(answer)
        else:
            future.set_result(answer)

    def _give_up(self, answer: Answer) -> None:
        if answer[0] == READ:
            self._send(("told", answer[1], None))
