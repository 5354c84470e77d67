"""The operations of the API, and the steps of each request: count, key, fault, operation, fault."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from preflight.errors import PreflightError
from preflight.redact import one_line
from preflight.sandbox.api_responses import Refused, credits_answer, plain, refusal, task_answer, wrapped
from preflight.sandbox.billing import Clock
from preflight.sandbox.callbacks import Callbacks
from preflight.sandbox.config import Options
from preflight.sandbox.faults import FAULTS, Armed, Faults, Operation, fault_in_prompt
from preflight.sandbox.requests import TaskRequest, read_task_request
from preflight.sandbox.spec_requests import credits_of, read_by_spec
from preflight.sandbox.state import Book, Entry

MAX_BODY_BYTES = 1 << 20

_LOG = logging.getLogger("preflight.sandbox")


class Service:
    """One API with one account."""

    def __init__(
        self, options: Options, *, book: Book, clock: Clock, faults: Faults, callbacks: Callbacks, files: str
    ) -> None:
        self._options = options
        self._files = files
        self._book = book
        self._clock = clock
        self._faults = faults
        self._later: set[asyncio.Task[None]] = set()
        self._callbacks = callbacks

    async def create(self, request: Request) -> Response:
        return await self._handle(Operation.CREATE, request, self._create)

    async def task(self, request: Request) -> Response:
        return await self._handle(Operation.TASK, request, self._task)

    async def credits(self, request: Request) -> Response:
        return await self._handle(Operation.CREDITS, request, self._credits)

    async def file(self, request: Request) -> Response:
        """The result of a completed task. Open to all, as the service's own file host is."""
        entry = self._book.task(request.path_params["task_id"])
        if entry is None or entry.status(self._clock.now()) != "completed" or not self._options.result.is_file():
            return PlainTextResponse("Not found", status_code=404)
        return FileResponse(self._options.result, media_type="video/mp4")

    async def _handle(
        self, operation: Operation, request: Request, act: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        self._book.count(operation.value)
        self._book.settle(self._clock.now())
        fault: Armed | None = None
        try:
            _check_key(request)
            fault = self._faults.draw(operation)
            if fault and (instead := FAULTS[fault.name].instead):
                if not FAULTS[fault.name].unread:
                    # A connection that is closed over unread bytes is reset, not ended.
                    body = await read_body(request)
                    if FAULTS[fault.name].billed_later:
                        self._take_later(body, fault.seconds)
                answer = instead(fault)
            else:
                answer = await act(request)
        except Refused as refused:
            answer = refusal(refused.code, str(refused))
        if fault and (afterwards := FAULTS[fault.name].afterwards):
            answer = afterwards(fault, answer)
        answer.headers["X-Request-Id"] = f"req-{uuid4()}"
        struck = f", struck by {fault.name}" if fault else ""
        _LOG.info("%s %s: %d%s", request.method, one_line(request.url.path), answer.status_code, struck)
        return answer

    async def _create(self, request: Request) -> Response:
        return await self._take(await read_body(request))

    def _take_later(self, body: bytes, seconds: float) -> None:
        """Do a create that was answered already."""

        async def take() -> None:
            await asyncio.sleep(seconds)
            with suppress(Refused):  # nobody is there to hear of it
                await self._take(body, late=True)

        task = asyncio.create_task(take())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _take(self, body: bytes, *, late: bool = False) -> Response:
        asked_for = self._read(parse(body))
        asked = None if late else fault_in_prompt(asked_for.prompt)
        if asked and (instead := FAULTS[asked.name].instead):
            if FAULTS[asked.name].billed_later:
                self._take_later(body, asked.seconds)
            return instead(asked)
        seconds = await self._probe(asked_for)
        work = asked if asked and asked.operation is Operation.WORK else self._faults.draw(Operation.WORK)
        entry = self._entry(asked_for, seconds, work.name if work else None)
        if not self._book.bill(entry):
            raise Refused("insufficient_credits")
        _LOG.info("task %s: %s credits", entry.id, plain(entry.credits))
        if work and work.name == "callback-early":
            await self._callbacks.call_early(entry)
        else:
            self._callbacks.watch(entry)
        answer = JSONResponse(wrapped({"taskId": entry.id}))
        afterwards = FAULTS[asked.name].afterwards if asked else None
        return afterwards(asked, answer) if asked and afterwards else answer

    def _read(self, body: object) -> TaskRequest:
        model = body.get("model") if isinstance(body, dict) else None
        spec = next((spec for spec in self._options.specs if spec.model == model), None)
        if spec is None or not isinstance(body, dict):
            return read_task_request(body, self._options.tariff)
        return read_by_spec(body, spec)

    async def _task(self, request: Request) -> Response:
        entry = self._book.task(request.path_params["task_id"])
        if entry is None:
            raise Refused("task_not_found")
        return JSONResponse(task_answer(entry, now=self._clock.now(), files=self._files))

    async def _credits(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an operation
        return JSONResponse(credits_answer(self._book.account()))

    async def _probe(self, asked_for: TaskRequest) -> Fraction:
        """The length of the reference video, once both files could be read."""
        tariff = self._options.tariff
        try:
            async with asyncio.timeout(self._options.probe_timeout):
                if self._options.image_prober is not None:
                    for url in asked_for.images if asked_for.spec else (asked_for.image_url,):
                        await self._options.image_prober(url)
                if asked_for.spec is not None and not asked_for.video_url:
                    return asked_for.seconds or Fraction(0)
                seconds = await self._options.prober(asked_for.video_url)
        except (PreflightError, TimeoutError) as exc:
            raise Refused("invalid_request", f"Failed to probe the media: {str(exc) or 'timeout'}") from exc
        shortest, longest = tariff.shortest, tariff.longest
        if asked_for.spec is not None:
            shortest, longest = asked_for.spec.video.min_seconds.value, asked_for.spec.video.max_seconds.value
        if not shortest <= seconds <= longest:
            raise Refused("invalid_request", f"The reference video must be {shortest}-{longest} seconds.")
        return seconds

    def _price(self, asked_for: TaskRequest, seconds: Fraction) -> Decimal:
        tariff = self._options.tariff
        if asked_for.spec is not None:
            return credits_of(asked_for, asked_for.spec, seconds, tariff)
        return tariff.credits(seconds, mode=asked_for.mode, orientation=asked_for.orientation)

    def _entry(self, asked_for: TaskRequest, seconds: Fraction, fault: str | None) -> Entry:
        """The task that is asked for, as ``fault`` of its work would have it."""
        now = self._clock.now()
        at_once = fault == "callback-early"
        starts_at = now if at_once else now + self._options.pending_seconds
        return Entry(
            id=str(uuid4()),
            model=asked_for.model,
            mode=asked_for.mode,
            seconds=str(seconds),
            credits=self._price(asked_for, seconds),
            created_at=now,
            starts_at=starts_at,
            ends_at=starts_at if at_once else starts_at + self._options.processing_seconds,
            outcome="failed" if fault == "task-fails" else "completed",
            callback_url=asked_for.callback_url,
        )


async def read_body(request: Request) -> bytes:
    """The body of ``request``. Raises ``Refused`` beyond ``MAX_BODY_BYTES``, and where the client goes away."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                raise Refused("invalid_request", "The request body is too large.")
    except ClientDisconnect as exc:  # a client that was killed reads no answer
        raise Refused("invalid_request", "The request body is cut short.") from exc
    return bytes(body)


def parse(body: bytes) -> object:
    """The JSON in ``body``. Raises ``Refused``."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise Refused("invalid_request", "The request body must be JSON.") from exc


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.startswith("sk-") or len(key) < 7:
        raise Refused("invalid_api_key")
