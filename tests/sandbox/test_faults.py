"""Faults of the sandbox: armed by name, struck by chance or by count, and each one documented."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import httpx2
import pytest

from preflight.sandbox import FAULTS, Options, serve
from preflight.sandbox.faults import Armed, Faults, Operation

GUIDE = Path(__file__).parents[2] / "docs" / "sandbox.md"
JOB = {
    "model": "kling-v3-motion-control",
    "input": {"input_urls": ["https://x.example/a.png"], "video_urls": ["https://x.example/a.mp4"]},
}
REQUESTS = {
    "create": ("POST", "/v1/videos/generations"),
    "task": ("GET", "/v1/tasks/x"),
    "credits": ("GET", "/v1/credits"),
}
STRIKES = [
    (name, operation.value)
    for name, kind in FAULTS.items()
    for operation in kind.operations
    if kind.instead or kind.afterwards
]


TIMED = {"late-answer", "504-then-billing"}


async def five_seconds(_: str) -> Fraction:
    return Fraction(5)


@pytest.fixture(scope="module")
def running() -> Iterator[httpx2.Client]:
    options = Options(prober=five_seconds, credits=Decimal(1_000_000))
    with (
        serve(options) as url,
        httpx2.Client(base_url=url, headers={"Authorization": "Bearer sk-test"}, trust_env=False) as client,
    ):
        yield client


@pytest.fixture
def api(running: httpx2.Client) -> httpx2.Client:
    assert running.delete("/sandbox/faults").status_code == 204
    return running


def arm(api: httpx2.Client, **fault: object) -> httpx2.Response:
    return api.post("/sandbox/faults", json=fault)


def outcome(api: httpx2.Client, operation: str) -> object:
    """What a client sees: status and body, or how the connection ended."""
    method, path = REQUESTS[operation]
    try:
        answer = api.request(method, path, json=JOB if method == "POST" else None)
    except httpx2.TransportError as exc:
        return type(exc)
    return answer.status_code, answer.json() if answer.content[-1:] == b"}" else None


def billed(api: httpx2.Client) -> int:
    return api.get("/sandbox/state").json()["jobs_billed"]


@pytest.mark.parametrize(("name", "operation"), [strike for strike in STRIKES if strike[0] not in TIMED])
def test_a_fault_strikes_its_operation_once_and_bills_as_it_says(name: str, operation: str, api: httpx2.Client) -> None:
    if operation != "create":
        usual = outcome(api, operation)
    assert arm(api, name=name, operation=operation).status_code == 201
    before = billed(api)
    struck = outcome(api, operation)
    assert billed(api) - before == (1 if operation == "create" and FAULTS[name].afterwards else 0)
    assert api.get("/sandbox/state").json()["faults"] == []
    if operation == "create":
        assert not (isinstance(struck, tuple) and "taskId" in str(struck))
        assert "taskId" in str(outcome(api, operation))
    elif (name, operation) != ("task_not_found", "task"):
        assert struck != usual
        assert outcome(api, operation) == usual


@pytest.mark.parametrize("way", ["armed", "in-the-prompt"])
def test_a_job_may_be_billed_after_its_answer(way: str, api: httpx2.Client) -> None:
    body = JOB
    if way == "armed":
        arm(api, name="504-then-billing", seconds=0.2)
    else:
        body = {**JOB, "input": {**JOB["input"], "prompt": "sandbox:504-then-billing"}}  # type: ignore[dict-item]
    before = billed(api)
    assert api.post("/v1/videos/generations", json=body).status_code == 504
    assert billed(api) == before
    for _ in range(1000):
        if billed(api) != before:
            break
        time.sleep(0.02)
    assert billed(api) == before + 1


def test_a_late_answer_comes_to_whoever_waits(api: httpx2.Client) -> None:
    arm(api, name="late-answer", seconds=0.2)
    answer = api.post("/v1/videos/generations", json=JOB)
    assert answer.elapsed.total_seconds() >= 0.2
    assert "taskId" in answer.json()["data"]


def test_retry_after_is_sent_as_it_was_armed(api: httpx2.Client) -> None:
    arm(api, name="rate_limit_exceeded", retry_after="Sun, 22 Nov 2026 10:00:00 GMT")
    answer = api.post("/v1/videos/generations", json=JOB)
    assert answer.headers["retry-after"] == "Sun, 22 Nov 2026 10:00:00 GMT"


def test_faults_strike_in_the_order_in_which_they_were_armed(api: httpx2.Client) -> None:
    arm(api, name="internal_error", count=2)
    arm(api, name="ip_not_allowed")
    statuses = [api.post("/v1/videos/generations", json=JOB).status_code for _ in range(4)]
    assert statuses == [500, 500, 403, 200]


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"name": "nothing"},
        {"name": ["internal_error"]},
        {"name": "internal_error", "often": True},
        {"name": "no-task-id", "operation": "credits"},
        {"name": "internal_error", "operation": ["task"]},
        {"name": "internal_error", "rate": 1.5},
        {"name": "internal_error", "rate": "often"},
        {"name": "internal_error", "count": 0},
        {"name": "internal_error", "count": 1.5},
        {"name": "late-answer", "seconds": 1e9},
        {"name": "internal_error", "retry_after": "1\r\nX: y"},
        {"name": "internal_error", "retry_after": 7},
    ],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_not_armed(fault: dict, api: httpx2.Client) -> None:
    answer = arm(api, **fault)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert api.get("/sandbox/state").json()["faults"] == []


def hits(seed: int) -> list[bool]:
    faults = Faults(seed)
    faults.arm(Armed(name="internal_error", operation=Operation.CREATE, rate=0.3, count=None))
    return [faults.draw(Operation.CREATE) is not None for _ in range(1000)]


def test_a_rate_strikes_about_that_often_and_the_seed_decides_when() -> None:
    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert 250 < sum(hits(1)) < 350


def test_a_fault_leaves_other_operations_alone() -> None:
    faults = Faults(0)
    faults.arm(Armed(name="internal_error", operation=Operation.TASK))
    assert faults.draw(Operation.CREATE) is None
    assert faults.draw(Operation.TASK) is not None
    assert faults.draw(Operation.TASK) is None


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_documented(name: str) -> None:
    assert f"| `{name}` |" in GUIDE.read_text(encoding="utf-8")
