"""Receiving callbacks: how long a delivery waits for its answer, with a thousand of them at once."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import httpx2
from section import Figure, Section, table

from preflight.callbacks import CallbackApp
from preflight.ledger import Ledger

_SECRET = "a-secret-of-this-run"
_REACH_MS = 1000.0
_AT_ONCE = 64


def measure(*, quick: bool) -> Section:
    """Deliveries of 100 tasks, shuffled, repeated and with forged ones, written to a real file."""
    repeats = 2 if quick else 10
    tasks = [f"task-{number}" for number in range(100)] * repeats + [f"forged-{number}" for number in range(20)]
    random.Random(1).shuffle(tasks)
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.db") as ledger:
        waited = asyncio.run(_delivered(CallbackApp(ledger, secret=_SECRET), tasks))
    cuts = quantiles(waited, n=100)
    p50, p99 = 1000 * cuts[49], 1000 * cuts[98]
    return Section(
        text=table(
            ("deliveries", "at once:", "p50, ms:", "p99, ms:", "longest, ms:"),
            [(f"{len(tasks)}", f"{_AT_ONCE}", f"{p50:.1f}", f"{p99:.1f}", f"{1000 * max(waited):.1f}")],
        ),
        figures=(
            Figure(
                what="answer to a callback, p99",
                reach="< 1 s",
                measured=f"{p99:.0f} ms",
                is_reached=p99 < _REACH_MS,
            ),
        ),
    )


async def _delivered(app: CallbackApp, tasks: list[str]) -> list[float]:
    gate = asyncio.Semaphore(_AT_ONCE)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://receiver") as client:

        async def deliver(task: str) -> float:
            async with gate:
                began = time.perf_counter()
                said = {"X-Task-Id": task, "X-Event": "task.completed"}
                answer = await client.post(f"/{_SECRET}", headers=said, json={"id": task, "status": "completed"})
                if answer.status_code != 204:
                    raise RuntimeError(f"a delivery was answered {answer.status_code}")
                return time.perf_counter() - began

        return list(await asyncio.gather(*map(deliver, tasks)))
