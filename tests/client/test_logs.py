"""What is logged, shown and raised around a request: enough to follow it, and never a key or a query string."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import errors
from preflight.client import ApiKey, AsyncClient, Client, Task
from preflight.client.protocol import ApiResponse, Request
from preflight.client.wire import Wire
from tests.client.test_faces import FACES, KEY, Face
from tests.client.test_hostile import CREATED, Script, answers, reset, says, serving
from tests.support.command import SIGNATURE, SIGNED

URL = f"https://files.example/a.mp4?{SIGNED}"
JOB = {"model": "m", "callback_url": URL, "input": {"input_urls": [URL], "video_urls": [URL]}}
ESCAPED = "".join(f"\\u{ord(character):04x}" for character in KEY).encode()
QUOTED = {
    "X_Request_Id": f"{KEY} {URL}",
    "Location": URL,
    "Set_Cookie": f"key={KEY}; sig={SIGNATURE}",
    KEY: "a header called like the key",
}
SAID = {"error": {"code": f"code {KEY}", "message": f"No: {KEY} for {URL}", "type": f"{KEY} {URL}"}}

# What servers do that learn the key and the job: quote them wherever there is room.
SCRIPTS: dict[str, Script] = {
    "refusal": answers(400, SAID, **QUOTED),
    "escaped": answers(401, b'{"error": {"code": "%b", "message": "%b"}}' % (ESCAPED, ESCAPED)),
    "server-error": answers(500, SAID, **QUOTED),
    "redirect": answers(307, b"", **QUOTED),
    "html": answers(502, f"<html>{KEY} {URL}</html>".encode(), **QUOTED),
    "reason": says(f"HTTP/1.1 418 {KEY} {URL}\r\nContent-Length: 0\r\n\r\n".encode()),
    "not-http": says(f"{KEY} {URL}\r\n\r\n".encode()),
    "odd-success": answers(200, {"code": 500, "msg": KEY, "data": {"taskId": f"{KEY} {URL}"}}, **QUOTED),
    "success": answers(200, {**CREATED, "msg": f"{KEY} {URL}"}, **QUOTED),
    "torn": says(f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\nX-A: {KEY}\r\n\r\n{KEY} {URL}".encode()),
    "reset": reset,
}
TASK = {"id": "abc", "status": "completed", "model": f"{KEY} {URL}", "output": {"urls": [URL]}, "link": URL}
CALLS = {"create_task": JOB, "task": "abc", "credits": None}


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger that exists, at DEBUG, as a user of the library may have it."""
    loggers = [logging.getLogger(name) for name in ("httpx2", "httpcore2", "asyncio", "preflight")]
    levels = [logger.level for logger in loggers]
    with caplog.at_level(logging.DEBUG):
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        yield caplog
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def records(caplog: pytest.LogCaptureFixture) -> str:
    """All that a record holds: its text, and what a handler of another make would show."""
    return "\n".join(f"{record.name} {record.getMessage()} {vars(record)!r}" for record in caplog.records)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("case", SCRIPTS)
def test_no_log_and_no_error_holds_the_key_or_a_signature(
    face: Face, name: str, case: str, everything: pytest.LogCaptureFixture
) -> None:
    raised: list[Exception] = []
    with serving(SCRIPTS[case]) as server:
        try:
            face(server.url, name, *([CALLS[name]] if CALLS[name] else []))
        except errors.PreflightError as error:
            raised.append(error)
    assert raised or case == "success"
    assert "preflight.client" in {record.name for record in everything.records}
    shown = records(everything)
    for error in raised:
        shown += "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        with_variables = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert KEY not in "".join(with_variables.format())
    assert KEY not in shown
    assert KEY not in shown.replace("\\", "")
    assert SIGNATURE not in shown


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=4, max_size=40), st.data())
def test_a_key_is_masked_however_json_spells_it(rest: str, data: st.DataObject) -> None:
    key = f"sk-{rest}"

    def spelled(character: str) -> str:
        code = f"\\u{ord(character):04x}"
        plain = json.dumps(character)[1:-1]
        other = "\\/" if character == "/" else plain
        return data.draw(st.sampled_from([plain, other, code, code.upper().replace("U", "u")]))

    quoted = "".join(map(spelled, f"\\ {key} \\\\u0041"))
    body = f'{{"error": {{"code": "x", "message": "{quoted}"}}}}'
    assert json.loads(body)["error"]["message"] == f"\\ {key} \\\\u0041"
    answer = Wire(key, "https://api.example").answer(httpx2.Response(400), body.encode())
    assert json.loads(answer.body)["error"]["message"] == "\\ sk-… \\\\u0041"


@pytest.mark.parametrize("face", FACES)
def test_the_repr_of_a_result_holds_neither(face: Face) -> None:
    with serving(answers(200, TASK, **QUOTED)) as server:
        task = face(server.url, "task", "abc")
    assert isinstance(task, Task)
    assert task.outputs == (URL,)
    assert KEY not in repr(task) + json.dumps(dict(task.raw))
    assert SIGNATURE not in repr(task)


def test_the_repr_of_what_takes_part_holds_neither() -> None:
    request = Request(method="POST", path="/v1/x", within=5, content=json.dumps(JOB).encode())
    answer = ApiResponse(status=307, headers={"location": URL}, body=URL.encode())
    key = ApiKey(KEY)
    wire = Wire(key, "https://api.example")
    message = wire.request(request)
    shown = "".join(
        f"{each!r} {each!s}"
        for each in (key, wire, request, answer, message, message.headers, Client(key), AsyncClient(key))
    )
    assert KEY not in shown
    assert SIGNATURE not in shown


@pytest.mark.parametrize("face", FACES)
def test_a_request_is_one_line_at_info(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), serving(answers(200, CREATED, X_Request_Id="req-7")) as server:
        face(server.url, "create_task", JOB)
    (record,) = caplog.records
    size = len(json.dumps(CREATED))
    expected = rf"POST {server.url}/v1/videos/generations 200 in \d+ ms, {size} bytes, request req-7"
    assert re.fullmatch(expected, record.getMessage())
    assert (record.name, record.levelno) == ("preflight.client", logging.INFO)


@pytest.mark.parametrize("face", FACES)
def test_more_is_told_at_debug(face: Face, everything: pytest.LogCaptureFixture) -> None:
    limited = answers(429, {"error": {"code": "rate_limit_exceeded", "message": "x"}})
    with serving(limited, answers(200, CREATED)) as server:
        face(server.url, "create_task", JOB, attempts=2)
    lines = [record.getMessage() for record in everything.records if record.name == "preflight.client"]
    port = server.url.rpartition(":")[2]
    patterns = [
        r"POST .* with host, authorization, accept, .*content-type.*",
        rf"connected to 127\.0\.0\.1 port {port}",
        r"POST .* 429 in .*",
        r"answered with content-length, connection",
        r"waiting \d\.\d s",
        r"the service took nothing: sending the job again, attempt 2",
        r"POST .* with .*",
        rf"connected to 127\.0\.0\.1 port {port}",
        r"POST .* 200 in .*",
        r"answered with .*",
    ]
    assert len(lines) == len(patterns)
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line)


@pytest.mark.parametrize("face", FACES)
def test_a_request_without_an_answer_is_told_too(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), serving(reset) as server, pytest.raises(errors.OutcomeUnknown):
        face(server.url, "create_task", JOB)
    assert re.search(r"POST \S+ failed after \d+ ms: the connection to the API was lost", caplog.text)


def test_the_reason_of_a_connection_that_was_not_made_is_told_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.ApiUnreachable):
        Client(KEY, base_url="http://127.0.0.1:1").create_task(JOB)
    assert re.search(r"because: .*[Cc]onnection", caplog.text)


def test_requests_of_others_are_logged_as_ever(everything: pytest.LogCaptureFixture) -> None:
    with serving(answers(200, CREATED)) as server, httpx2.Client(trust_env=False) as theirs:
        with Client(KEY, base_url=server.url, http=theirs) as client:
            client.create_task(JOB)
        assert {record.name for record in everything.records} == {"preflight.client"}
        theirs.get(f"{server.url}/theirs?a=b")
    names = {record.name for record in everything.records}
    assert {"httpx2", "httpcore2.http11", "httpcore2.connection"} <= names
    assert "/theirs?a=b" in everything.text
