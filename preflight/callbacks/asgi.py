"""The callback receiver as a plain ASGI application: it compares the secret, stores the delivery, then answers.

https://asgi.readthedocs.io, HTTP & WebSocket message format.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from typing import Any, TypeAlias

from preflight.client.responses import is_task_id
from preflight.errors import LedgerUnusable
from preflight.ledger.deliveries import Deliveries, Delivery
from preflight.ledger.ledger import Ledger

MAX_BODY_BYTES = 64 * 1024
BODY_SECONDS = 5.0
_MAX_TOKEN = 200
_EVENTS = {"completed": "task.completed", "failed": "task.failed"}

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class CallbackApp:
    """Takes ``POST /<secret>`` and ``POST /<secret>/<token>``; anything else is not found.

    2xx means that the delivery is on the disk; 503 that it is not, and that the service should try again. Deliveries
    that arrive together are written together. ``on_taken`` is called after each such write.
    """

    def __init__(self, ledger: Ledger, *, secret: str, on_taken: Callable[[], object] = lambda: None) -> None:
        self._deliveries = Deliveries(ledger)
        self._secret = secret.encode()
        self._on_taken = on_taken
        self._waiting: list[tuple[Delivery, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            status = await self._answer(scope, receive)
            _mask(scope)
            await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    async def _answer(self, scope: Scope, receive: Receive) -> int:
        path = scope["path"].removeprefix(scope.get("root_path", "")).strip("/")
        secret, _, token = path.partition("/")
        if not hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), self._secret) or len(token) > _MAX_TOKEN:
            return 404
        if scope["method"] != "POST":
            return 405
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(receive)
        except TimeoutError:
            return 408
        if body is None:
            return 413
        delivery = _delivery({name.lower(): value for name, value in scope["headers"]}, body, token)
        if delivery is None:
            return 400
        return 204 if await self._written(delivery) else 503

    async def _written(self, delivery: Delivery) -> bool:
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await written

    async def _write(self) -> None:
        """One change for all that came in while the last one was written: the disk is the slow part."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    taken = await asyncio.to_thread(self._deliveries.take, [delivery for delivery, _ in batch])
                except LedgerUnusable:
                    taken = False
                for _, written in batch:
                    if not written.done():  # its caller may have left
                        written.set_result(taken)
                self._on_taken()
        finally:
            self._writing = None


def _mask(scope: Scope) -> None:
    """Take the secret out of the path before the answer: servers log the path of a request that was answered."""
    masked = f"{scope.get('root_path', '')}/hidden"
    scope["path"] = masked
    scope["raw_path"] = masked.encode("utf-8", "surrogatepass")


def _delivery(headers: dict[bytes, bytes], body: bytes, token: str) -> Delivery | None:
    """The values in the headers, or in the body where they are missing; ``None`` where neither does."""
    task_id = headers.get(b"x-task-id", b"").decode("latin-1")
    event = headers.get(b"x-event", b"").decode("latin-1")
    if not task_id or not event:
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(fields, dict):
            return None
        task_id, event = task_id or str(fields.get("id")), event or _EVENTS.get(str(fields.get("status")), "")
    if not is_task_id(task_id) or event not in _EVENTS.values():
        return None
    return Delivery(
        task_id=task_id,
        event=event,
        token_hash=sha256(token.encode("utf-8", "surrogatepass")).hexdigest() if token else None,
    )


async def _body(receive: Receive) -> bytes | None:
    """The body; ``None`` for one that is too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return body


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
