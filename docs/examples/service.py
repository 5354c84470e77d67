"""A web service that checks a posted job, prices it, pays for it once, and learns of its end by callback."""

import asyncio
import json
import logging
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request

from preflight import AllowedHost, Budget, Client, Ledger, Options, PreflightError, Report, check_async, submit_job
from preflight.callbacks import Receiver

MAX_BODY_BYTES = 64 * 1024
LOG = logging.getLogger("uvicorn.error")
client = Client(os.environ["PREFLIGHT_API_KEY"], base_url=os.environ["PREFLIGHT_API_URL"])
ledger = Ledger(Path(os.environ["PREFLIGHT_LEDGER"]))
# Private hosts that jobs may name: none, unless for tests against the sandbox.
allow = tuple(map(AllowedHost.parse, os.environ.get("PREFLIGHT_ALLOW_HOST", "").split()))
options = Options(allow=allow, urls_only=True, deadline_s=30)
budget = Budget(max_credits=Decimal(1200), per_day=Decimal(10_000))
checks = asyncio.Semaphore(8)
receiver = Receiver(
    ledger, client, on_finished=lambda end: LOG.info("task %s is %s", end.task.id, end.task.status_text)
)
app = FastAPI(lifespan=receiver.lifespan)
app.mount("/callbacks", receiver)


async def posted_job(request: Request) -> dict[str, Any]:
    body = b""
    try:
        async with asyncio.timeout(10):
            async for piece in request.stream():
                if len(body := body + piece) > MAX_BODY_BYTES:
                    raise HTTPException(413, f"a job has at most {MAX_BODY_BYTES} bytes")
        job = json.loads(body)
    except TimeoutError:
        raise HTTPException(408, "the body did not come in time") from None
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(job, dict) or "callback_url" in job:
        raise HTTPException(422, "a job is a JSON object without a callback_url")
    return job


@app.post("/jobs", status_code=202)
async def post_job(request: Request, background: BackgroundTasks) -> dict[str, Any]:
    job = await posted_job(request)
    if checks.locked():
        raise HTTPException(503, "busy: try again", {"Retry-After": "5"})
    try:
        async with checks:
            report = await check_async(job, options=options)
    except PreflightError as error:
        raise HTTPException(422, str(error)) from None
    if report.verdict.value != "pass":
        raise HTTPException(422, report.to_dict())
    background.add_task(pay, job, report)
    return {"id": report.jobs[0].identity, "quote": report.to_dict()["quote"]}


def pay(job: dict[str, Any], report: Report) -> None:
    try:
        submit_job(job, report, client, ledger, budget=budget, callback=receiver.url(os.environ["PUBLIC_URL"]))
    except PreflightError as error:  # a repeated job, too: the ledger has it, and it is not paid for again
        LOG.warning("job %s: %s", report.jobs[0].identity, error)


@app.get("/jobs/{identity}")
def job_state(identity: str) -> dict[str, Any]:
    entry = ledger.of_identity(client.base_url, identity)
    if entry is None:
        raise HTTPException(404, "not sent: post the job again")
    return {"state": entry.state.value, "task_id": entry.task_id, "reason": entry.reason}
