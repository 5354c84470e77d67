"""The client against the sandbox: every call, every row of the error table, and what must never happen twice."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from fractions import Fraction

import httpx2
import pytest

from preflight import errors
from preflight.client import Client, TaskStatus
from preflight.client.refusals import ROWS
from preflight.sandbox import Options, serve
from tests.client.test_faces import FACES, JOB, KEY, Face, Levers

NOT_IN_DOUBT = [row for row in ROWS if row.row[0] < 500 and row is not errors.TaskNotFound]
IN_DOUBT = [row for row in ROWS if row not in NOT_IN_DOUBT]


async def twelve_seconds(_: str) -> Fraction:
    return Fraction(12)


@pytest.fixture(scope="module")
def levers() -> Iterator[Levers]:
    options = Options(prober=twelve_seconds, speed=2000, credits=Decimal(1_000_000))
    with serve(options) as url, httpx2.Client(trust_env=False) as http:
        yield Levers(url, http)


@pytest.fixture
def sandbox(levers: Levers) -> Levers:
    levers.disarm()
    return levers


def name_of(row: type[errors.ApiRefusal]) -> str:
    return row.row[1]


@pytest.mark.parametrize("face", FACES)
def test_a_job_is_paid_for_waited_for_and_fetched(face: Face, sandbox: Levers) -> None:
    before = face(sandbox.url, "credits")
    task_id = face(sandbox.url, "create_task", JOB)
    seen = []
    task = face(sandbox.url, "wait", task_id, on_update=seen.append)

    assert task.status is TaskStatus.COMPLETED
    assert task.id == task_id
    assert task.model == JOB["model"]
    assert task.created_at.tzinfo is UTC
    assert (task.completed_at - task.created_at).total_seconds() == pytest.approx(60, abs=1)
    assert task.outputs == (f"{sandbox.url}/files/{task_id}.mp4",)
    assert task.raw["output"]["metadata"] == {"model": "kling-3.0/motion-control"}
    assert seen[-1] == task
    assert len({update.status for update in seen}) == len(seen)
    after = face(sandbox.url, "credits")
    assert before.balance - after.balance == 360
    assert after.total_consumed - before.total_consumed == 360


@pytest.mark.parametrize("face", FACES)
def test_a_task_that_fails_is_raised_with_the_services_words(face: Face, sandbox: Levers) -> None:
    sandbox.arm("task-fails")
    task_id = face(sandbox.url, "create_task", JOB)
    with pytest.raises(errors.TaskFailed, match="Video generation failed") as caught:
        face(sandbox.url, "wait", task_id)
    assert (caught.value.task_id, caught.value.code) == (task_id, "upstream_error")
    assert caught.value.request_id.startswith("req-")
    assert face(sandbox.url, "task", task_id).error.code == "upstream_error"


@pytest.mark.parametrize("face", FACES)
def test_waiting_ends_with_its_time_and_the_task_goes_on(face: Face, sandbox: Levers) -> None:
    task_id = face(sandbox.url, "create_task", JOB)
    sandbox.arm("rate_limit_exceeded", operation="task", count=None)
    with pytest.raises(errors.WaitTimeout, match="rate_limit_exceeded") as caught:
        face(sandbox.url, "wait", task_id, timeout=0)
    assert caught.value.task_id == task_id
    sandbox.disarm()
    assert face(sandbox.url, "wait", task_id).status is TaskStatus.COMPLETED


@pytest.mark.parametrize("face", FACES)
def test_waiting_outlives_passing_trouble(face: Face, sandbox: Levers) -> None:
    task_id = face(sandbox.url, "create_task", JOB)
    passing = ["drop-before-billing", "drop-mid-answer", "rate_limit_exceeded", "internal_error", "upstream_error"]
    for name in passing:
        sandbox.arm(name, operation="task")
    assert face(sandbox.url, "wait", task_id).status is TaskStatus.COMPLETED
    assert sandbox.state()["faults"] == []


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("row", NOT_IN_DOUBT, ids=name_of)
def test_a_create_that_is_refused_raises_the_row_of_the_table(
    face: Face, row: type[errors.ApiRefusal], sandbox: Levers
) -> None:
    before = sandbox.state()
    sandbox.arm(row.row[1])
    with pytest.raises(errors.ApiRefusal) as caught:
        face(sandbox.url, "create_task", JOB)
    assert type(caught.value) is row
    assert (caught.value.status, caught.value.code) == row.row
    assert caught.value.type.endswith("_error")
    assert caught.value.request_id.startswith("req-")
    after = sandbox.state()
    assert after["requests"]["create"] == before["requests"].get("create", 0) + 1
    assert after["jobs_billed"] == before["jobs_billed"]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("row", IN_DOUBT, ids=name_of)
def test_a_create_that_may_have_been_taken_is_unknown_and_says_what_was_answered(
    face: Face, row: type[errors.ApiRefusal], sandbox: Levers
) -> None:
    before = sandbox.asked("create")
    sandbox.arm(row.row[1])
    with pytest.raises(errors.OutcomeUnknown) as caught:
        face(sandbox.url, "create_task", JOB)
    assert type(caught.value.__cause__) is row
    assert (caught.value.status, caught.value.code) == row.row
    assert caught.value.request_id == caught.value.__cause__.request_id
    assert sandbox.asked("create") == before + 1


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("operation", ["task", "credits"])
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_query_that_is_refused_raises_the_row_of_the_table(
    face: Face, row: type[errors.ApiRefusal], operation: str, sandbox: Levers
) -> None:
    sandbox.arm(row.row[1], operation=operation, count=None)
    before = sandbox.state()["requests"].get(operation, 0)
    with pytest.raises(errors.ApiRefusal) as caught:
        face(sandbox.url, operation, *(["some-task"] if operation == "task" else []))
    assert type(caught.value) is row
    asked = sandbox.state()["requests"][operation] - before
    retried = row in {errors.RateLimitExceeded, errors.InternalError, errors.UpstreamError}
    assert asked == (4 if retried else 1)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "fault",
    ["drop-after-billing", "drop-mid-answer", "malformed-body", "no-task-id", "500-after-billing", "503-after-billing"],
)
def test_a_job_billed_with_a_bad_answer_is_unknown_and_billed_once(face: Face, fault: str, sandbox: Levers) -> None:
    before = sandbox.state()
    sandbox.arm(fault)
    with pytest.raises(errors.OutcomeUnknown):
        face(sandbox.url, "create_task", JOB)
    after = sandbox.state()
    assert after["requests"]["create"] == before["requests"].get("create", 0) + 1
    assert after["jobs_billed"] == before["jobs_billed"] + 1


@pytest.mark.parametrize("face", FACES)
def test_an_answer_later_than_the_patience_is_unknown_and_billed_once(face: Face, sandbox: Levers) -> None:
    before = sandbox.state()
    sandbox.arm("late-answer", seconds=600)
    with pytest.raises(errors.OutcomeUnknown, match=r"within 1 s|in time"):
        face(sandbox.url, "create_task", JOB, settings={"create_timeout": 1})
    after = sandbox.state()
    assert after["requests"]["create"] == before["requests"].get("create", 0) + 1
    assert after["jobs_billed"] == before["jobs_billed"] + 1


@pytest.mark.parametrize("face", FACES)
def test_a_redirect_is_not_followed(face: Face, sandbox: Levers) -> None:
    before = sandbox.asked("create")
    sandbox.arm("redirect")
    with pytest.raises(errors.OutcomeUnknown) as caught:
        face(sandbox.url, "create_task", JOB)
    assert caught.value.status == 307
    sandbox.arm("redirect", operation="credits")
    with pytest.raises(errors.UnexpectedResponse):
        face(sandbox.url, "credits")
    assert sandbox.asked("create") == before + 1
    assert "redirected" not in sandbox.state()["requests"]


@pytest.mark.parametrize("face", FACES)
def test_a_query_with_a_bad_answer_is_unexpected(face: Face, sandbox: Levers) -> None:
    sandbox.arm("malformed-body", operation="credits")
    with pytest.raises(errors.UnexpectedResponse):
        face(sandbox.url, "credits")


@pytest.mark.parametrize("face", FACES)
def test_a_server_that_is_not_the_api_is_unexpected(face: Face, sandbox: Levers) -> None:
    with pytest.raises(errors.UnexpectedResponse) as caught:
        face(f"{sandbox.url}/elsewhere", "credits")
    assert caught.value.status == 404


@pytest.mark.parametrize("face", FACES)
def test_nothing_of_the_environment_joins_in(face: Face, sandbox: Levers, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert face(sandbox.url, "credits").balance > 0


@pytest.mark.parametrize("face", FACES)
def test_the_key_is_in_no_log_and_no_traceback(face: Face, sandbox: Levers, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.arm("drop-after-billing")
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(errors.OutcomeUnknown) as caught:
            face(sandbox.url, "create_task", JOB)
        face(sandbox.url, "credits")
    shown = "".join(traceback.format_exception(caught.value))
    assert "POST" in caplog.text
    assert KEY not in caplog.text + shown + repr(caught.value)


def test_an_http_client_that_was_handed_in_stays_open_and_adds_nothing(sandbox: Levers) -> None:
    with httpx2.Client(headers={"Authorization": "Bearer other"}, auth=("user", "word"), base_url="http://x") as http:
        with Client(KEY, base_url=sandbox.url, http=http) as client:
            assert client.credits().balance > 0
        assert not http.is_closed
