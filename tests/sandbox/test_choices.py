"""What a sandbox may be told at its start or in a job: roundings, clocks, hidden choices, faults as text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import httpx2
import pytest

from preflight.sandbox import (
    FAULTS,
    BilledClock,
    Options,
    Rounding,
    Tariff,
    fault_from_text,
    hidden,
    serve,
    serve_media,
)
from preflight.sandbox.api_responses import Refused
from preflight.sandbox.faults import Operation
from preflight.sandbox.measure import probe_seconds
from tests.sandbox.test_sandbox import KEY, Sandbox, named_length, sandbox
from tests.support.command import here

CLIPS = Path(__file__).parents[2] / "fixtures" / "clips"


# ── Money ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("seconds", "mode", "credits"),
    [("8.5", "720p", "255"), ("8.51", "720p", "256"), ("8.01", "1080p", "321"), ("22/7", "720p", "95")],
)
def test_credits_may_be_rounded_up_instead_of_seconds(seconds: str, mode: str, credits: str) -> None:  # noqa: A002 - the API's own word
    tariff = Tariff(rounding=Rounding.CEIL_CREDITS)
    assert tariff.credits(Fraction(seconds), mode=mode, orientation="video") == Decimal(credits)


@pytest.mark.parametrize("choices", [Rounding, BilledClock])
def test_a_hidden_choice_is_the_seed_s_and_any_may_be_it(choices: type) -> None:
    assert {hidden(choices, seed) for seed in range(50)} == set(choices)
    assert [hidden(choices, seed) for seed in range(50)] == [hidden(choices, seed) for seed in range(50)]


def test_a_hidden_choice_shows_in_the_bill_only() -> None:
    shown, bills = set(), []
    for rounding in Rounding:
        with sandbox(tariff=Tariff(rounding=rounding), clock=lambda: 1e9) as api:
            task_id = api.pay(video_urls=["https://x/8.51.mp4"]).json()["data"]["taskId"]
            told = [api.get(f"/v1/tasks/{task_id}").text, *map(str, api.get("/v1/tasks/x").json().values())]
            shown.add("".join(told).replace(task_id, "ID").replace(str(api.base_url), "URL"))
            bills.append(10_000 - api.balance())
    assert len(shown) == 1
    assert bills == [270, pytest.approx(255.3), 270, 256]


@pytest.mark.parametrize(("clock", "seconds"), [("container", "30.02"), ("video", "30")])
def test_either_clock_of_a_clip_may_be_billed(clock: str, seconds: str) -> None:
    with serve_media(CLIPS) as media:
        measured = asyncio.run(probe_seconds(f"{media}/container-30.02-video-30.mp4", clock=BilledClock(clock)))
    assert measured == Fraction(seconds)


def test_a_balance_may_be_fractional_to_the_last_credit() -> None:
    tariff = Tariff(rounding=Rounding.EXACT)
    with sandbox(tariff=tariff, credits=Decimal("189.7714")) as api:
        assert api.pay(video_urls=["https://x/3.14.mp4"]).status_code == 200
        assert api.balance() == 95.5714
        assert api.pay(video_urls=["https://x/3.2.mp4"]).status_code == 402
        assert api.pay(video_urls=["https://x/3.18571.mp4"]).status_code == 200
        assert api.balance() == 0.0001


# ── Many at once ──────────────────────────────────────────────────────────────────────────────────────────────────


async def burst(url: str, count: int) -> list[int]:
    job = {"model": "kling-v3-motion-control"} | {
        "input": {"input_urls": ["https://x.example/a.png"], "video_urls": ["https://x.example/12.mp4"]}
    }
    async with httpx2.AsyncClient(base_url=url, headers=KEY, trust_env=False, timeout=60) as http:
        sent = [http.post("/v1/videos/generations", json=job) for _ in range(count)]
        return [answer.status_code for answer in await asyncio.gather(*sent)]


@pytest.mark.parametrize("state", [None, "state.db"], ids=["in-memory", "in-a-file"])
def test_a_burst_is_billed_once_each_and_never_beyond_the_balance(state: str | None, tmp_path: Path) -> None:
    async def slow(url: str) -> Fraction:
        await asyncio.sleep(0.01)  # so that all of them are under way before the first is billed
        return await named_length(url)

    options = Options(prober=slow, credits=Decimal(360 * 40 + 359), state=tmp_path / state if state else None)
    with serve(options) as url, Sandbox(base_url=url, headers=KEY, trust_env=False) as api:
        statuses = asyncio.run(burst(url, 60))
        seen = api.get("/sandbox/state").json()
    assert sorted(statuses) == [200] * 40 + [402] * 20
    assert (seen["jobs_billed"], seen["balance"], seen["requests"]["create"]) == (40, 359, 60)
    assert len({task["id"] for task in seen["tasks"]}) == 40
    assert sum(task["credits"] for task in seen["tasks"]) == seen["total_consumed"] == 360 * 40


# ── Faults in words ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fault_in_words_strikes_once_or_with_a_rate_for_ever() -> None:
    once, often = fault_from_text("drop-after-billing"), fault_from_text("drop-after-billing:0.15")
    assert (once.operation, once.rate, once.count) == (Operation.CREATE, 1, 1)
    assert (often.operation, often.rate, often.count) == (Operation.CREATE, 0.15, None)


def test_a_fault_in_words_takes_the_settings_of_the_others() -> None:
    late = fault_from_text("late-answer:0.5,seconds=2.5,operation=task,count=3")
    assert (late.operation, late.rate, late.count, late.seconds) == (Operation.TASK, 0.5, 3, 2.5)
    assert fault_from_text("rate_limit_exceeded,retry_after=7").retry_after == "7"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thunder",
        "drop-after-billing:",
        "drop-after-billing:often",
        "drop-after-billing:1.1",
        "drop-after-billing:-1",
        "drop-after-billing:nan",
        "drop-after-billing:inf",
        "drop-after-billing:" + "9" * 10_000,
        "late-answer,seconds",
        "late-answer,hours=1",
        "late-answer,operation=callback",
        "late-answer,count=0",
        "late-answer,count=1.5",
        "drop-after-billing,",
    ],
    ids=lambda text: text[:40] or "empty",
)
def test_words_that_make_no_fault_are_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        fault_from_text(text)
    assert len(str(caught.value)) < 700  # it lists the faults, and not a long word
    ran = here("sandbox", "--port", "0", "--fault", text)
    assert (ran.code, ran.out) == (2, "")
    assert "--fault" in ran.err


@pytest.fixture(scope="module")
def standing() -> Iterator[Sandbox]:
    with sandbox(credits=Decimal(1_000_000)) as client:
        yield client


IN_PROMPT = [name for name, kind in FAULTS.items() if kind.operations[0] in {Operation.CREATE, Operation.WORK}]


@pytest.mark.parametrize("name", [name for name in IN_PROMPT if name != "late-answer"])
def test_a_prompt_asks_for_a_fault_of_its_own_job(name: str, standing: Sandbox) -> None:
    before = standing.get("/sandbox/state").json()["jobs_billed"]
    try:
        answer = standing.pay(prompt=f"Dance. sandbox:{name}")
    except httpx2.TransportError:
        answer = None
    clear = answer is not None and answer.status_code == 200 and "taskId" in answer.text and answer.text[-1] == "}"
    assert clear is (name in {"task-fails", "callback-early"})
    billed = standing.get("/sandbox/state").json()["jobs_billed"] - before
    assert billed == (0 if FAULTS[name].instead else 1)
    assert standing.pay().status_code == 200


@pytest.mark.parametrize("name", ["thunder", "callback-lost", "_"])
def test_a_prompt_that_asks_for_no_such_fault_is_refused(name: str, standing: Sandbox) -> None:
    answer = standing.pay(prompt=f"sandbox:{name}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert name in answer.json()["error"]["message"]
