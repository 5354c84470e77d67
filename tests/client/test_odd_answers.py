"""What one call may be given, and what an answer still says that is cut short, late or odd."""

from __future__ import annotations

import time

import pytest

from preflight import errors
from tests.client.test_attempts import LIMITED
from tests.client.test_faces import FACES, JOB, Face
from tests.client.test_hostile import CREATED, DRIPS, IN_DOUBT, Script, answers, drips, says, serving

# ── A timeout of one call ─────────────────────────────────────────────────────────────────────────────────────────

CALLS = {"create_task": JOB, "task": "abc", "credits": None}


def given(name: str) -> list[object]:
    return [] if CALLS[name] is None else [CALLS[name]]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_may_have_a_timeout_of_its_own(face: Face, name: str) -> None:
    patient = {"create_timeout": 600, "query_timeout": 600}
    began = time.monotonic()
    with serving(DRIPS["drips-headers"]) as server, pytest.raises(errors.ApiError, match=r"within 0\.2 s|in time"):
        face(server.url, name, *given(name), timeout=0.2, settings=patient)
    assert time.monotonic() - began < 300


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_makes_no_sense_sends_nothing(face: Face, name: str, seconds: float) -> None:
    with serving(answers(200, CREATED)) as server:
        with pytest.raises(errors.ConfigurationError, match="timeout"):
            face(server.url, name, *given(name), timeout=seconds)
        with pytest.raises(errors.ConfigurationError, match="timeout"):
            face(server.url, name, *given(name), settings={"create_timeout": seconds, "query_timeout": seconds})
        assert server.requests == []


# ── What an odd answer still says ─────────────────────────────────────────────────────────────────────────────────

NAMED = {
    "body-code-500": answers(200, {"code": 500, "msg": "late", "data": {"taskId": "abc"}}),
    "no-body-code": answers(200, {"data": {"taskId": "abc"}}),
    "task-and-error": answers(200, {**CREATED, **LIMITED}),
    "http-500": answers(500, CREATED),
    "http-302": answers(302, CREATED),
    "refusal": answers(402, {**CREATED, "error": {"code": "insufficient_credits", "message": "x"}}),
}
UNNAMED = {
    "path": answers(200, {"code": 500, "data": {"taskId": "../credits"}}),
    "number": answers(200, {"code": 500, "data": {"taskId": 7}}),
    "nothing": answers(200, {"code": 500, "data": {}}),
    "html": answers(502, b"<html>taskId</html>"),
    "torn": IN_DOUBT["ends-in-the-body"],
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("case", [*NAMED, *UNNAMED])
def test_an_unknown_outcome_carries_the_task_that_the_answer_names(face: Face, case: str) -> None:
    with serving({**NAMED, **UNNAMED}[case]) as server, pytest.raises(errors.OutcomeUnknown) as caught:
        face(server.url, "create_task", JOB)
    assert caught.value.task_id == ("abc" if case in NAMED else None)


NO = {"code": "invalid_request", "message": "No.", "type": "invalid_request_error"}
MORE_THAN_A_REFUSAL = {
    "a task beside it": answers(400, {"error": NO, "taskId": "abc"}),
    "a task in other words": answers(400, {"error": NO, "result": {"id": "abc"}}),
    "an answer to a query": answers(400, {"error": NO, "id": "abc", "status": "pending"}),
    "a task within": answers(429, {"error": {**LIMITED["error"], "taskId": "abc"}}),
    "data within": answers(400, {"error": {**NO, "data": {"taskId": "abc"}}}),
    "a structure for a message": answers(400, {"error": NO, "message": {"taskId": "abc"}}),
    "success": answers(400, {"error": NO, "success": True}),
    "code 200 as text": answers(400, {"error": NO, "code": "200"}),
    "code 0": answers(400, {"error": NO, "code": 0}),
    "code false": answers(400, {"error": NO, "code": False}),
    "a header with a task": answers(429, LIMITED, X_Task_Id="abc"),
    "two errors": answers(400, b'{"error": {"code": "internal_error"}, "error": {"code": "invalid_request"}}'),
    "two codes": answers(429, b'{"error": {"code": "internal_error", "code": "rate_limit_exceeded"}}'),
    "data taken back": answers(400, b'{"data": {"taskId": "abc"}, "data": null, "error": {"code": "invalid_request"}}'),
    "two tasks": answers(200, b'{"code": 200, "data": {"taskId": "abc", "taskId": "def"}}'),
}
NO_MORE_THAN_A_REFUSAL = {
    "as documented": answers(400, {"error": NO}),
    "with empty data": answers(400, {"error": NO, "code": 400, "msg": "No.", "data": None}),
    "with a name for the request": answers(400, {"error": {**NO, "request_id": "r-1"}, "requestId": "r-1"}),
    "said twice": answers(400, b'{"error": {"code": "invalid_request", "code": "invalid_request"}}'),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("case", MORE_THAN_A_REFUSAL)
def test_a_refusal_that_holds_more_is_in_doubt_and_sent_once(face: Face, case: str) -> None:
    with serving(MORE_THAN_A_REFUSAL[case]) as server:
        with pytest.raises(errors.OutcomeUnknown):
            face(server.url, "create_task", JOB, attempts=2)
        assert len(server.requests) == 1


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("case", NO_MORE_THAN_A_REFUSAL)
def test_a_refusal_may_carry_more_words_about_it(face: Face, case: str) -> None:
    with serving(NO_MORE_THAN_A_REFUSAL[case]) as server, pytest.raises(errors.InvalidRequest):
        face(server.url, "create_task", JOB)


@pytest.mark.parametrize("face", FACES)
def test_a_balance_that_is_told_twice_is_not_told(face: Face) -> None:
    both = b'{"code": 200, "data": {"balance": 100, "balance": 9000}}'
    with serving(answers(200, both)) as server, pytest.raises(errors.UnexpectedResponse):
        face(server.url, "credits")


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "script", [answers(200, b"<html>"), answers(200, {"code": 200, "data": {}}), answers(404, b"no"), answers(502, b"")]
)
def test_a_message_says_the_status_once(face: Face, script: Script) -> None:
    with serving(script) as server, pytest.raises(errors.OutcomeUnknown) as caught:
        face(server.url, "create_task", JOB)
    assert str(caught.value).count(str(caught.value.status)) == 1


TORN = {
    "torn": says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-Request-Id: req-7\r\n\r\n{"),
    "dripped": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-Request-Id: req-7\r\n\r\n", b" "),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("script", TORN.values(), ids=TORN)
def test_an_answer_that_broke_off_still_gives_the_request_its_name(face: Face, script: Script) -> None:
    with serving(script) as server, pytest.raises(errors.OutcomeUnknown, match=r"\(request req-7\)") as caught:
        face(server.url, "create_task", JOB, timeout=1)
    assert caught.value.request_id == "req-7"


@pytest.mark.parametrize("face", FACES)
def test_a_question_whose_answers_break_off_is_asked_four_times_and_has_a_name_too(face: Face) -> None:
    with serving(TORN["torn"]) as server:
        with pytest.raises(errors.UnexpectedResponse) as caught:
            face(server.url, "credits")
        assert len(server.requests) == 4
    assert caught.value.request_id == "req-7"
