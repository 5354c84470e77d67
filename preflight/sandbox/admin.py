"""The sandbox's own endpoints, outside the API: its state, and arming its faults."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from preflight.sandbox.api_responses import Refused, plain, refusal
from preflight.sandbox.billing import Clock
from preflight.sandbox.faults import Armed, Faults, read_fault
from preflight.sandbox.service import parse, read_body
from preflight.sandbox.state import Book


class Admin:
    """Endpoints below ``/sandbox/``. They need no key: anyone who can reach the sandbox may steer it."""

    def __init__(self, *, book: Book, clock: Clock, faults: Faults) -> None:
        self._book = book
        self._clock = clock
        self._faults = faults

    async def state(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an endpoint
        now = self._clock.now()
        self._book.settle(now)
        account, tasks = self._book.account(), self._book.tasks()
        return JSONResponse(
            {
                "schema": "preflight.sandbox/v1",
                "now": now,
                "balance": plain(account.balance),
                "total_purchased": plain(account.purchased),
                "total_consumed": plain(account.consumed),
                "jobs_billed": len(tasks),
                "jobs_refunded": sum(task.refunded for task in tasks),
                "requests": self._book.requests(),
                "tasks": [
                    {**asdict(task), "credits": plain(task.credits), "status": task.status(now)} for task in tasks
                ],
                "callbacks": [asdict(delivery) for delivery in self._book.deliveries()],
                "faults": [_shown(fault) for fault in self._faults.armed()],
            }
        )

    async def arm(self, request: Request) -> Response:
        try:
            fault = read_fault(parse(await read_body(request)))
        except Refused as refused:
            return refusal(refused.code, str(refused))
        self._faults.arm(fault)
        return JSONResponse(_shown(fault), status_code=201)

    async def disarm(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an endpoint
        self._faults.disarm()
        return Response(status_code=204)

    async def redirected(self, request: Request) -> Response:  # noqa: ARG002 - the shape of an endpoint
        """Where ``redirect`` leads: every client that follows it is counted."""
        self._book.count("redirected")
        return JSONResponse({})


def _shown(fault: Armed) -> dict[str, object]:
    return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(fault).items()}
