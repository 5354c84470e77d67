"""What the client decides, without a socket: calls driven by hand, and the values they are made of."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import repeat
from string import printable

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import errors
from preflight.client import ApiKey, AsyncClient, Backoff, Client, TaskStatus, calls, check_key, is_loopback
from preflight.client import responses as answers
from preflight.client.auth import base_of
from preflight.client.protocol import ApiResponse, Call, Command, Lost, Reply, Request, Sleep, Update
from preflight.client.refusals import error_of
from preflight.client.retry import POLL, RETRY
from preflight.client.wire import Departure, Wire
from preflight.model.retry_after import LATER, retry_after
from preflight.redact import one_line

KEY = "sk-test-0123456789abcdef"
no_deadline = settings(deadline=None)  # a busy machine is no defect
REQUEST = Request(method="POST", path="/v1/x", within=5)


def answer(status: int, body: object, **headers: str) -> ApiResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ApiResponse(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=content
    )


def refused(status: int, code: str, **headers: str) -> ApiResponse:
    return answer(status, {"error": {"code": code, "message": "No.", "type": "some_error"}}, **headers)


def task(status: str, **fields: object) -> ApiResponse:
    return answer(200, {"id": "abc", "status": status, "model": "m", "created_at": 1781136227, **fields})


class World:
    """Drives a call with replies made beforehand. Time passes only in its sleeps."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self.now = 1000.0
        self.commands: list[Command] = []
        self._replies: Iterator[Reply] = iter(replies)

    def clock(self) -> float:
        return self.now

    def drive(self, call: Call) -> object:
        reply: Reply | None = None
        while True:
            try:
                command = call.send(reply)
            except StopIteration as stop:
                return stop.value
            self.commands.append(command)
            reply = next(self._replies) if isinstance(command, Request) else None
            if isinstance(command, Sleep):
                self.now += command.seconds

    def wait(self, timeout: float | None = 600) -> object:
        return self.drive(calls.wait("abc", timeout=timeout, within=30, clock=self.clock, random=lambda: 0.0))

    @property
    def sleeps(self) -> list[float]:
        return [command.seconds for command in self.commands if isinstance(command, Sleep)]

    @property
    def updates(self) -> list[str]:
        return [command.task.status_text for command in self.commands if isinstance(command, Update)]

    @property
    def requests(self) -> list[Request]:
        return [command for command in self.commands if isinstance(command, Request)]


LOST = Lost(sent=True, reason="gone")
NEVER = Lost(sent=False, reason="no way")


@pytest.mark.parametrize("reply", [LOST, NEVER, refused(429, "rate_limit_exceeded"), refused(500, "internal_error")])
def test_a_create_asks_its_driver_for_one_request_and_nothing_else(reply: Reply) -> None:
    world = World([reply])
    with pytest.raises(errors.ApiError):
        world.drive(calls.create_task({"model": "m"}, within=5))
    assert [command.method for command in world.commands] == ["POST"]


@pytest.mark.parametrize("body", [{"a": float("nan")}, {"a": object()}, {1j: 2}], ids=["nan", "object", "key"])
def test_a_body_that_is_no_json_is_not_sent(body: dict) -> None:
    with pytest.raises(errors.ConfigurationError):
        next(calls.create_task(body, within=5))


@pytest.mark.parametrize("task_id", ["", ".", "..", "../credits", "a/b", "a?b", "a%2fb", "a b", "ü", "a\n", "x" * 201])
def test_an_id_that_could_leave_its_place_in_the_path_is_refused(task_id: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="not a task id"):
        next(calls.task(task_id, within=5, random=lambda: 0.0))
    with pytest.raises(errors.ConfigurationError, match="not a task id"):
        next(calls.wait(task_id, timeout=1, within=5, clock=lambda: 0.0, random=lambda: 0.0))


@no_deadline
@given(st.text(printable))
def test_no_id_reaches_another_path(task_id: str) -> None:
    try:
        request = next(calls.task(task_id, within=5, random=lambda: 0.0))
    except errors.ConfigurationError:
        return
    path = httpx2.URL("https://api.example" + request.path).path
    assert path == f"/v1/tasks/{task_id}"


def test_waiting_tells_each_change_once_and_slows_down() -> None:
    world = World(
        [task("pending"), task("pending"), task("processing"), task("queued?"), task("completed", output={"urls": []})]
    )
    result = world.wait()
    assert result.status is TaskStatus.COMPLETED
    assert world.updates == ["pending", "processing", "queued?", "completed"]
    assert world.sleeps == [2.0, 3.0, 4.5, 6.75]


def test_waiting_looks_a_last_time_when_the_time_is_up() -> None:
    world = World(repeat(task("processing")))
    with pytest.raises(errors.WaitTimeout, match="was processing"):
        world.wait(timeout=4)
    assert world.sleeps == [2.0, 2.0]
    assert [request.within for request in world.requests] == [4, 2, 1]


def test_waiting_without_an_end_goes_on_for_days() -> None:
    world = World([*repeat(LOST, 20_000), task("completed")])
    assert world.wait(timeout=None).ended
    assert world.now > 3 * 86_400


@pytest.mark.parametrize(
    ("reply", "delay"),
    [
        (LOST, 2.0),
        (NEVER, 2.0),
        (refused(429, "rate_limit_exceeded", retry_after="40"), 40.0),
        (refused(429, "rate_limit_exceeded", retry_after="86400"), 60.0),
        (refused(503, "upstream_error", retry_after="soon"), 60.0),
        (answer(504, b""), 2.0),
    ],
    ids=["lost", "unreachable", "wish", "wish-of-a-day", "unreadable-wish", "gateway"],
)
def test_passing_trouble_while_waiting_is_slept_over(reply: Reply, delay: float) -> None:
    world = World([reply, task("completed")])
    assert world.wait().ended
    assert world.sleeps == [delay]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused(401, "invalid_api_key"), errors.InvalidApiKey),
        (refused(404, "task_not_found"), errors.TaskNotFound),
        (refused(429, "spend_limit_exceeded"), errors.SpendLimitExceeded),
        (answer(200, b"<html>"), errors.UnexpectedResponse),
        (answer(200, {"id": "other", "status": "completed"}), errors.UnexpectedResponse),
        (answer(200, {"error": {"code": "task_not_found"}}), errors.TaskNotFound),
        (task("failed"), errors.TaskFailed),
    ],
    ids=["key", "no-task", "spend-limit", "html", "another-task", "error-in-a-success", "failed"],
)
def test_what_waiting_does_not_mend_is_raised_at_once(reply: Reply, error: type[Exception]) -> None:
    world = World([reply])
    with pytest.raises(error):
        world.wait()
    assert world.sleeps == []


def test_a_query_gives_up_after_four_attempts() -> None:
    world = World(repeat(NEVER))
    with pytest.raises(errors.ApiUnreachable, match="no way"):
        world.drive(calls.credits(within=5, random=lambda: 0.0))
    assert len(world.requests) == 4
    assert world.sleeps == [0.5, 1.0, 2.0]


def test_jitter_only_shortens_and_a_wish_only_lengthens() -> None:
    backoff = Backoff(first=1, longest=100)
    assert backoff.delay(3, random=lambda: 0.0) == 8
    assert backoff.delay(3, random=lambda: 1.0) == 6
    assert backoff.delay(0, random=lambda: 1.0, wish=30) == 30
    assert max(RETRY.delay(10**6, random=lambda: 0.0), POLL.delay(10**6, random=lambda: 0.0)) == 15


DATE = {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 120 "}, 120.0),
        ({"retry-after": ""}, None),
        ({"retry-after": "-5"}, LATER),
        ({"retry-after": "1.5"}, LATER),
        ({"retry-after": "4294967296"}, LATER),
        ({"retry-after": "٣"}, LATER),
        ({"retry-after": "1, 2"}, LATER),
        ({"retry-after": "1e9"}, LATER),
        ({"retry-after": "9" * 5000}, LATER),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", **DATE}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", **DATE}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 -0000", **DATE}, LATER),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, 20.0),
        ({"retry-after": "Sun, 99 Nov 9999999 10:00:30 GMT", **DATE}, LATER),
    ],
    ids=[
        "none",
        "zero",
        "spaces",
        "empty",
        "negative",
        "fraction",
        "ten-digits",
        "other-digits",
        "two",
        "float",
        "digits",
        "date",
        "past",
        "no-zone",
        "no-date",
        "no-such-date",
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=lambda: datetime(2026, 11, 22, 10, 0, 10, tzinfo=UTC)) == seconds


@no_deadline
@given(st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()))
def test_no_header_breaks_the_reading_of_retry_after(headers: dict[str, str]) -> None:
    assert (retry_after(headers) or 0.0) >= 0


@pytest.mark.parametrize(
    ("number", "balance"),
    [("9800", "9800"), ("27.5", "27.5"), ("0.1", "0.1"), ("1e3", "1000"), ("-3", "-3")],
)
def test_credits_are_exact(number: str, balance: str) -> None:
    body = f'{{"code": 200, "msg": "success", "data": {{"balance": {number}, "new": 1}}}}'.encode()
    account = answers.credits(answer(200, body))
    assert account.balance == Decimal(balance)
    assert account.total_purchased is None
    assert account.raw["data"]["new"] == 1


@pytest.mark.parametrize("number", ["1e-999999", "1e999999999", "true", '"5"', "null", "9" * 20, "9" * 5000, "NaN"])
def test_a_balance_that_no_account_has_is_unexpected(number: str) -> None:
    body = f'{{"code": 200, "data": {{"balance": {number}}}}}'.encode()
    with pytest.raises(errors.UnexpectedResponse):
        answers.credits(answer(200, body))


def test_fields_of_another_kind_are_left_out_and_kept_raw() -> None:
    odd = {"created_at": "yesterday", "completed_at": 10**30, "progress": "half", "model": 7, "error": [], "eta": 5}
    urls = ["https://files.example/a.mp4", 5, "ftp://x", "https://x/\x1b[2J", "javascript:alert(1)"]
    read = answers.task(task("completed", **odd, output={"urls": urls}), "abc")
    assert (read.created_at, read.completed_at, read.progress, read.model, read.error) == (None, None, None, "", None)
    assert read.outputs == ("https://files.example/a.mp4",)
    assert read.raw["eta"] == 5


WORDS = ["id", "status", "error", "data", "code", "taskId", "output", "urls", "balance", "message"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner),
    max_leaves=12,
)
BODIES = JSON.map(json.dumps).map(str.encode) | st.binary()
STATUSES = st.sampled_from([200, 201, 302, 400, 402, 404, 429, 500, 503])


@no_deadline
@given(STATUSES, BODIES)
def test_no_answer_raises_anything_but_an_api_error(status: int, body: bytes) -> None:
    reply = answer(status, body)
    for read in (answers.created, lambda it: answers.task(it, "abc"), answers.credits):
        try:
            read(reply)
        except errors.ApiError as error:
            assert str(error).isprintable()  # noqa: PT017 - any of several may be raised, or none


@no_deadline
@given(STATUSES, BODIES)
def test_a_create_is_accepted_refused_or_unknown(status: int, body: bytes) -> None:
    try:
        answers.created(answer(status, body))
    except errors.ApiRefusal:
        assert status < 500
    except errors.OutcomeUnknown:
        pass
    else:
        assert status in {200, 201}


@pytest.mark.parametrize("code", ["internal_error", "rate_limit_exceeded"])
def test_the_status_decides_where_it_stands_for_one_row(code: str) -> None:
    assert type(error_of(refused(401, code))) is errors.InvalidApiKey


def test_the_code_decides_where_the_status_is_in_no_row() -> None:
    assert type(error_of(refused(422, "invalid_request"))) is errors.InvalidRequest
    assert type(error_of(refused(418, "teapot"))) is errors.UnexpectedResponse


NEVER_SENT = {
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
}


def concrete(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from concrete(below)


@pytest.mark.parametrize("kind", sorted(set(concrete(httpx2.TransportError)), key=lambda kind: kind.__name__))
@pytest.mark.parametrize("overdue", [False, True], ids=["in-time", "overdue"])
def test_only_a_connection_that_was_never_made_is_known_as_unsent(kind: type[Exception], *, overdue: bool) -> None:
    wire = Wire(KEY, "https://api.example")
    reply = wire.lost(REQUEST, kind("x"), overdue=overdue, head=None, departure=Departure())
    assert reply.sent is (kind not in NEVER_SENT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "test",
        "sk-",
        "sk-abc",
        "SK-abcdefgh",
        "sk-abc def",
        "sk-abcdef\n",
        "sk-abcdéfg",
        "sk-abc\x00de",
        "sk-" + "x" * 600,
    ],
    ids=["empty", "no-prefix", "bare", "short", "upper", "space", "newline", "accent", "nul", "long"],
)
def test_a_key_of_another_shape_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(errors.InvalidKey) as caught:
        check_key(text)
    assert len(text) < 5 or text not in str(caught.value)


def test_a_key_comes_from_the_environment_that_is_passed_in() -> None:
    assert ApiKey.from_environment({"PREFLIGHT_API_KEY": KEY}).reveal() == KEY
    with pytest.raises(errors.InvalidKey, match="PREFLIGHT_API_KEY"):
        ApiKey.from_environment({})


def test_nothing_that_holds_a_key_shows_it() -> None:
    key = ApiKey(KEY)
    wire = Wire(key, "https://api.example")
    holders = [key, wire, Client(key), AsyncClient(key), wire.request(REQUEST), wire.request(REQUEST).headers]
    assert KEY not in "".join(f"{holder!r} {holder!s}" for holder in holders)
    with pytest.raises(TypeError):
        pickle.dumps(key)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example",
        "http://127.0.0.1.example",
        "http://2130706433",
        "http://localhost.example",
        "ftp://api.example",
        "api.example",
        "https://",
        "https://user:word@api.example",
        "https://api.example/?a=b",
        "https://api.example/#a",
        "https://api.example\n",
        "http://[::1",
        "http://127.0.0.1:99999",
        "https://a..example",
        "https://a..",
        "https://.",
        "https://" + "a" * 64 + ".example",
        "https://" + "a" * 3000,
    ],
)
def test_a_base_url_that_the_key_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        Client(KEY, base_url=url)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.example/", "https://api.example"),
        ("https://api.example/proxy//", "https://api.example/proxy"),
        ("HTTP://LocalHost:8080", "http://localhost:8080"),
        ("http://127.1.2.3:1", "http://127.1.2.3:1"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("https://API.example.:443/", "https://api.example"),
        ("https://api.example.:8443/?#", "https://api.example:8443"),
        ("https://api.example/%761/%2e%2E/v1", "https://api.example/v1"),
        ("https://api.example/a%2fb%3F", "https://api.example/a%2Fb%3F"),
        ("https://%61pi.example%2e", "https://api.example"),
        ("https://api.example/%zz%", "https://api.example/%zz%"),
        ("http://[0:0:0:0:0:0:0:1]:9", "http://[::1]:9"),
    ],
)
def test_a_base_url_may_be_https_or_this_machine(url: str, base: str) -> None:
    assert base_of(url) == base


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "example.com", "localhost.", "", "fe80::1%lo"])
def test_another_host_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@no_deadline
@given(st.text())
def test_shown_words_are_one_short_printable_line(text: str) -> None:
    line = one_line(text, longest=40)
    assert line.isprintable()
    assert len(line) <= 40
