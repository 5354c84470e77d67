"""A paid request is sent again only when asked for, and only where the service cannot have taken it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import httpx2
import pytest

from preflight import errors
from preflight.client import calls
from preflight.client.protocol import Attempt, Lost, Reply, Sleep
from preflight.client.retry import RESEND
from preflight.sandbox import Options, fault_from_text, serve
from tests.client.test_calls import World, answer, refused
from tests.client.test_faces import FACES, JOB, Face, Levers
from tests.client.test_hostile import CREATED, DRIPS, IN_DOUBT, Script, answers, serving

LIMITED = {"error": {"code": "rate_limit_exceeded", "message": "Slow down.", "type": "rate_limit_error"}}
limited = answers(429, LIMITED)


async def twelve_seconds(_: str) -> Fraction:
    return Fraction(12)


@pytest.fixture(scope="module")
def levers() -> Iterator[Levers]:
    with serve(Options(prober=twelve_seconds, credits=Decimal(100_000))) as url, httpx2.Client(trust_env=False) as http:
        yield Levers(url, http)


@pytest.mark.parametrize("face", FACES)
def test_a_limit_of_requests_is_waited_out_and_the_job_is_billed_once(face: Face, levers: Levers) -> None:
    before = levers.state()["jobs_billed"]
    levers.arm("rate_limit_exceeded", count=2, retry_after="1")
    told: list[tuple[int, int]] = []

    def note(number: int) -> None:
        told.append((number, levers.asked("create")))

    asked = levers.asked("create")
    assert face(levers.url, "create_task", JOB, attempts=5, on_attempt=note)
    # Each sending is told before it leaves: the sandbox has not seen it yet.
    assert told == [(2, asked + 1), (3, asked + 2)]
    assert levers.state()["jobs_billed"] == before + 1


# How often each goes wrong, in a hundred. Whatever is drawn, a job must be billed as its outcome says.
WEATHER = {
    "rate_limit_exceeded": 40,
    "drop-before-billing": 15,
    "drop-mid-request": 15,
    "drop-after-billing": 15,
    "drop-mid-answer": 15,
    "503-after-billing": 15,
    "no-task-id": 15,
    "spend_limit_exceeded": 10,
    "upstream_error": 10,
    "redirect": 10,
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("seed", [1, 2])
def test_in_bad_weather_no_job_is_billed_twice_and_no_outcome_lies(face: Face, seed: int) -> None:
    faults = tuple(fault_from_text(f"{name}:{percent / 100}") for name, percent in WEATHER.items())
    options = Options(prober=twelve_seconds, credits=Decimal(100_000), seed=seed, faults=faults)
    seen = set()
    with serve(options) as url, httpx2.Client(trust_env=False) as http:
        levers, told = Levers(url, http), []
        for _ in range(12):
            before, told[:] = levers.state(), []
            try:
                task_id = face(url, "create_task", JOB, attempts=5, on_attempt=told.append)
            except errors.ApiRefusal as refusal:
                outcome, allowed = type(refusal), {0}
            except errors.OutcomeUnknown:
                outcome, allowed = errors.OutcomeUnknown, {0, 1}
            else:
                outcome, allowed = str, {1}
                assert levers.state()["tasks"][-1]["id"] == task_id
            after = levers.state()
            assert after["jobs_billed"] - before["jobs_billed"] in allowed
            sent = after["requests"]["create"] - before["requests"].get("create", 0)
            assert told == list(range(2, sent + 1))
            seen.add(outcome)
    assert {errors.OutcomeUnknown, str} <= seen


@pytest.mark.parametrize("face", FACES)
def test_without_attempts_a_limit_is_raised_at_once(face: Face) -> None:
    with serving(limited) as server:
        with pytest.raises(errors.RateLimitExceeded):
            face(server.url, "create_task", JOB)
        assert len(server.requests) == 1


@pytest.mark.parametrize("face", FACES)
def test_the_last_attempt_s_refusal_is_raised(face: Face) -> None:
    with serving(limited) as server:
        with pytest.raises(errors.RateLimitExceeded):
            face(server.url, "create_task", JOB, attempts=3)
        assert len(server.requests) == 3


SPENT = {"error": {"code": "spend_limit_exceeded", "message": "x", "type": "billing_error"}}
NEVER_AGAIN: dict[str, Script] = {
    **IN_DOUBT,
    "spend-limit": answers(429, SPENT, Retry_After="0"),
    "no-credits": answers(402, {"error": {"code": "insufficient_credits", "message": "x"}}),
    "code-of-the-limit-with-another-status": answers(400, LIMITED),
    "code-of-the-limit-in-a-success": answers(200, LIMITED),
    "code-of-the-limit-from-a-failing-server": answers(503, LIMITED, Retry_After="0"),
    "code-that-reads-like-the-limit": answers(429, {"error": {"code": "rate_limit_exceeded\u0007", "message": "x"}}),
    "limit-that-names-a-task": answers(429, {**LIMITED, "data": {"taskId": "abc"}}),
    "limit-with-data": answers(429, {**LIMITED, "data": {"id": "abc"}}),
    "limit-cut-short": answers(429, json.dumps(LIMITED).encode()[:-1]),
    "limit-as-text": answers(429, b"rate_limit_exceeded"),
    "500": answers(500, {"error": {"code": "internal_error", "message": "x"}}, Retry_After="0"),
    "503": answers(503, {"error": {"code": "upstream_error", "message": "x"}}, Retry_After="0"),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("script", NEVER_AGAIN.values(), ids=NEVER_AGAIN)
def test_whatever_else_is_answered_is_never_sent_again(face: Face, script: Script) -> None:
    told: list[int] = []
    with serving(script, answers(200, CREATED)) as server:
        with pytest.raises((errors.OutcomeUnknown, errors.ApiRefusal)):
            face(server.url, "create_task", JOB, attempts=10, on_attempt=told.append)
        assert len(server.requests) <= 1
    assert told == []


@pytest.mark.parametrize("face", FACES)
def test_silence_after_a_limit_ends_the_attempts(face: Face) -> None:
    with serving(limited, DRIPS["silence"], answers(200, CREATED)) as server:
        with pytest.raises(errors.OutcomeUnknown, match=r"within|in time"):
            face(server.url, "create_task", JOB, attempts=5, timeout=1)
        assert len(server.requests) == 2


@pytest.mark.parametrize("face", FACES)
def test_a_connection_that_was_never_made_is_tried_again(face: Face) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told: list[int] = []
    with pytest.raises(errors.ApiUnreachable):
        face(f"http://127.0.0.1:{port}", "create_task", JOB, attempts=4, on_attempt=told.append)
    assert told == [2, 3, 4]


@pytest.mark.parametrize("face", FACES)
def test_nothing_is_sent_when_the_caller_cannot_take_note_of_it(face: Face) -> None:
    def full(_: int) -> None:
        raise OSError("the disk is full")

    with serving(limited) as server:
        with pytest.raises(OSError, match="disk is full"):
            face(server.url, "create_task", JOB, attempts=5, on_attempt=full)
        assert len(server.requests) == 1


def create(world: World, *, attempts: int = 20, max_wait: float = 120) -> object:
    return world.drive(
        calls.create_task({"model": "m"}, within=5, attempts=attempts, max_wait=max_wait, random=lambda: 0.0)
    )


GONE = Lost(sent=False, reason="no way")
LIMIT = refused(429, "rate_limit_exceeded")


@pytest.mark.parametrize("reply", [GONE, LIMIT], ids=["never-sent", "limited"])
def test_waits_grow_and_end_before_their_bound(reply: Reply) -> None:
    world = World([reply] * 20)
    with pytest.raises((errors.ApiUnreachable, errors.RateLimitExceeded)):
        create(world, max_wait=60)
    assert world.sleeps == [1, 2, 4, 8, 16, 20]
    assert len(world.requests) == 7


def test_each_sending_is_told_right_before_it_after_the_wait() -> None:
    world = World([LIMIT, answer(200, {"code": 200, "data": {"taskId": "abc"}})])
    assert create(world) == "abc"
    _, wait, attempt, _ = world.commands
    assert (type(wait), attempt) == (Sleep, Attempt(2))


@pytest.mark.parametrize(("wish", "sent"), [("119", 2), ("121", 1), ("999999999", 1)])
def test_the_service_is_never_asked_before_the_time_that_it_names(wish: str, sent: int) -> None:
    world = World([refused(429, "rate_limit_exceeded", retry_after=wish)] * 2)
    with pytest.raises(errors.RateLimitExceeded):
        create(world, attempts=2)
    assert len(world.requests) == sent
    assert all(seconds >= float(wish) for seconds in world.sleeps)


def test_waiters_spread_out() -> None:
    assert {RESEND.delay(0, random=iter([part]).__next__) for part in (0.0, 0.5, 0.99)} == {1.0, 0.75, 0.505}


@pytest.mark.parametrize("attempts", [0, -1, 21])
def test_a_number_of_attempts_that_makes_no_sense_sends_nothing(attempts: int) -> None:
    with pytest.raises(errors.ConfigurationError, match="attempts"):
        next(calls.create_task({}, within=5, attempts=attempts))
