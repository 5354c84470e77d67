"""Sends callbacks when a task has ended: three attempts, as the API docs say, and to this machine only."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self

import httpx2

from preflight.client.auth import is_loopback
from preflight.client.log import silenced_http_logs
from preflight.sandbox.api_responses import task_answer
from preflight.sandbox.billing import Clock
from preflight.sandbox.faults import Faults, Operation
from preflight.sandbox.state import Book, Delivery, Entry

GAPS = (0.0, 180.0, 600.0)
"""Seconds of the sandbox's clock before each attempt, counted from the one before."""

LOST = "lost"

_LOG = logging.getLogger("preflight.sandbox")

_OVERTAKEN_AFTER = 180.0


class Callbacks:
    """Runs in the background while it is entered. Redirects are not followed: they could lead off this machine."""

    def __init__(self, *, book: Book, clock: Clock, faults: Faults, files: str, timeout: float) -> None:
        self._book = book
        self._clock = clock
        self._faults = faults
        self._files = files
        self._timeout = timeout
        self._http = httpx2.AsyncClient(trust_env=False, timeout=timeout)
        self._waiting: set[asyncio.Task[None]] = set()
        self._taken = asyncio.Event()

    def watch(self, entry: Entry, *, done: int = 0) -> None:
        """Call back for ``entry`` once it has ended; ``done`` attempts were made already."""
        if entry.callback_url is None:
            return
        waiting = asyncio.create_task(self._call(entry, entry.callback_url, done))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)

    async def call_early(self, entry: Entry) -> None:
        """The first attempt, at once; the others follow in the background if they must."""
        if entry.callback_url is not None and not await self._attempt(entry, entry.callback_url, 1):
            self.watch(entry, done=1)

    def resume(self) -> None:
        """Go on with the callbacks that were not delivered when the sandbox ended."""
        made: dict[str, list[str]] = {}
        for delivery in self._book.deliveries():
            made.setdefault(delivery.task_id, []).append(delivery.result)
        for entry in self._book.tasks():
            results = made.get(entry.id, [])
            if len(results) < len(GAPS) and not any(_took(result) or result == LOST for result in results):
                self.watch(entry, done=len(results))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for waiting in self._waiting:
            waiting.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        await self._http.aclose()

    async def _call(self, entry: Entry, url: str, done: int) -> None:
        await self._clock.sleep_until(entry.ends_at)
        self._book.settle(self._clock.now())
        fault = self._faults.draw(Operation.CALLBACK)
        name = fault.name if fault else None
        if name == "callback-lost":
            self._record(entry, 0, LOST)
            return
        if name == "callback-reordered":
            await self._overtaken()
        for attempt, gap in enumerate(GAPS):
            if attempt < done:
                continue
            await self._clock.sleep_until(self._clock.now() + gap)
            if await self._attempt(entry, url, attempt + 1):
                break
        if name == "callback-repeated":
            await self._attempt(entry, url, len(GAPS) + 1)

    async def _attempt(self, entry: Entry, url: str, number: int) -> bool:
        """Call back once, and note the outcome. Returns whether it was taken."""
        with silenced_http_logs():  # the URL may hold a secret of the receiver's
            result = await self._post(entry, url)
        self._record(entry, number, result)
        if _took(result):
            self._taken.set()
            self._taken = asyncio.Event()
        return _took(result)

    async def _post(self, entry: Entry, url: str) -> str:
        headers = {
            "X-Event": f"task.{entry.outcome}",
            "X-Task-Id": entry.id,
            "X-Timestamp": str(int(self._clock.now())),
        }
        body = task_answer(entry, now=self._clock.now(), files=self._files)
        try:
            target = httpx2.URL(url)
            if not is_loopback(target.host):
                return "not called: the sandbox calls this machine only"
            async with asyncio.timeout(self._timeout):
                async with self._http.stream("POST", target, json=body, headers=headers) as response:
                    return str(response.status_code)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as exc:
            return type(exc).__name__

    async def _overtaken(self) -> None:
        try:
            async with asyncio.timeout(self._clock.real(_OVERTAKEN_AFTER)):
                await self._taken.wait()
        except TimeoutError:
            return

    def _record(self, entry: Entry, attempt: int, result: str) -> None:
        self._book.record(Delivery(task_id=entry.id, attempt=attempt, at=self._clock.now(), result=result))
        _LOG.info("callback %d for task %s: %s", attempt, entry.id, result)


def _took(result: str) -> bool:
    return len(result) == 3 and result.startswith("2")
