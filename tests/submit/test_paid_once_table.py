"""Seventy answers to a paid request, billed never, at once or late: no job is billed twice, each doubt has a reason.

The API is the tests' own (``tests/servers/billing.py``), its account is true or lies, and time is a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest

from preflight.checking.job_hash import job_hash
from preflight.client import Client
from preflight.errors import ApiError, LedgerUnusable, NotSubmitted, OutcomeUnknown, StillUnknown
from preflight.ledger import EntryState, Ledger
from preflight.model import Job, JobReport, Quote, Verdict
from preflight.specs import load_spec
from preflight.submit.settle import BalanceVerdict, resolve_by_balance
from preflight.submit.submit import submit_job
from tests.servers.billing import PRICE, Answer, BillingApi, World, billing
from tests.support.command import KEY
from tests.support.jobs import MODEL
from tests.support.jobs import job as body_of

SETTLING = 180.0


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Mortal(Ledger):
    """A ledger whose process may die: from then on nothing is written."""

    dead = False

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        if self.dead:
            raise LedgerUnusable("the process has died")
        with super().changing() as connection:
            yield connection


def error(status: int, code: str, **headers: str) -> Answer:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, json.dumps({"error": {"code": code, "message": "No.", "type": "t"}}).encode(), fields)


def said(status: int, body: object, **headers: str) -> Answer:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), fields)


REFUSALS = {
    "400 invalid_request": error(400, "invalid_request"),
    "401 invalid_api_key": error(401, "invalid_api_key"),
    "402 insufficient_credits": error(402, "insufficient_credits"),
    "403 ip_not_allowed": error(403, "ip_not_allowed"),
    "404 model_not_found": error(404, "model_not_found"),
    "429 rate_limit_exceeded, later": error(429, "rate_limit_exceeded", Retry_After="4000000000"),
    "429 spend_limit_exceeded": error(429, "spend_limit_exceeded"),
}
"""What the API documents: billed all the same, it is in doubt."""

CREATED = {"code": 200, "msg": "success", "data": {"taskId": "task-x"}}
TOO_LOW = {"error": {"code": "insufficient_credits", "message": "Too low.", "type": "billing_error"}}
DOUBTFUL = {
    "reset": Answer(None, reset=True),
    "closed": Answer(None),
    "half a status line": Answer(None, b"HTTP/1.1 20"),
    "half of the headers": Answer(None, b"HTTP/1.1 200 OK\r\nContent-"),
    "not HTTP": Answer(None, b"SSH-2.0-OpenSSH_9.6\r\n"),
    "torn success": Answer(200, b'{"code": 200, "data": {', torn=True),
    "torn refusal": Answer(402, json.dumps(TOO_LOW).encode(), torn=True),
    **{f"{status} empty": said(status, b"") for status in (200, 202, 204, 400, 401, 402, 403, 404, 429, 500, 503)},
    **{f"{status} page": said(status, b"<html>gateway</html>") for status in (200, 403, 502, 504, 520, 524)},
    **{f"redirect {status}": said(status, b"", Location="/v1/elsewhere") for status in (301, 302, 303, 307, 308)},
    "200 refusal": said(200, TOO_LOW),
    "409 refusal": said(409, TOO_LOW),
    "500 refusal": said(500, TOO_LOW),
    "402 with a task": said(402, {**TOO_LOW, "data": {"taskId": "task-x"}}),
    "402 with data": said(402, {**TOO_LOW, "data": [1]}),
    "402 with code 200": said(402, {**TOO_LOW, "code": 200}),
    "402 in capitals": error(402, "INSUFFICIENT_CREDITS"),
    "402 rate_limit_exceeded": error(402, "rate_limit_exceeded"),
    "400 unknown code": error(400, "prompt_too_long"),
    "404 task_not_found": error(404, "task_not_found"),
    "408 request_timeout": error(408, "request_timeout"),
    "409 conflict": error(409, "conflict"),
    "413 too_large": error(413, "too_large"),
    "418 teapot": error(418, "teapot"),
    "422 invalid_request": error(422, "invalid_request"),
    "425 too_early": error(425, "too_early"),
    "429 quota": error(429, "quota", Retry_After="0"),
    "429 internal_error": error(429, "internal_error"),
    "499 closed": error(499, "client_closed_request"),
    "500 internal_error": error(500, "internal_error"),
    "500 rate_limit_exceeded": error(500, "rate_limit_exceeded"),
    "501 not_implemented": error(501, "not_implemented"),
    "503 upstream_error": error(503, "upstream_error"),
    "504 timeout": error(504, "timeout"),
    "524 timeout": error(524, "timeout"),
    "200 without a task": said(200, {"code": 200, "msg": "success", "data": {}}),
    "200 with another code": said(200, {"code": 500, "msg": "failed", "data": None}),
    "200 with a number for a task": said(200, {"code": 200, "data": {"taskId": 7}}),
    "200 with a list": said(200, ["taskId"]),
    "200 with NaN": said(200, b'{"code": NaN}'),
    "200 and an error": said(200, {**CREATED, **TOO_LOW}),
    "200 beyond a mebibyte": said(200, json.dumps(CREATED).encode() + b" " * (1 << 20)),
    "200 in no encoding": said(200, b"\xff\xfe{}"),
    "200 with a path for a task": said(200, {"code": 200, "data": {"taskId": "../credits"}}),
    "201 without a body": said(201, b""),
    "200 cut short": said(200, b'{"code": 200, "data": {"taskId": "tas'),
}
BILLS = {"never": None, "at once": 0.0, "after 74 s": 74.0, "after 170 s": 170.0}

Told = tuple[int, object]


def told(balance: object, consumed: object) -> Told:
    return 200, {"code": 200, "data": {"balance": balance, "total_consumed": consumed}}


VIEWS = {
    "true": told,
    "consumed is not told": lambda balance, _: (200, {"code": 200, "data": {"balance": balance}}),
    "consumed stands still": lambda balance, _: told(balance, 0),
    "balance stands still": lambda _, consumed: told(10_000, consumed),
    "both move by something else": lambda balance, consumed: told(balance - 7, consumed + 7),
    "not told": lambda *_: (500, {"error": {"code": "internal_error", "message": "x"}}),
    "asked too often": lambda *_: (429, {"error": {"code": "rate_limit_exceeded", "message": "x"}}),
}


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def api(clock: Clock) -> Iterator[BillingApi]:
    with billing(lambda: clock.now) as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Mortal]:
    with Mortal(tmp_path / "ledger.db", now=clock) as opened:
        yield opened


JOB = Job(body=body_of(image="https://example.com/a.png", video="https://example.com/a.mp4"))
QUOTE = Quote(
    credits=Decimal(PRICE),
    low=Decimal(PRICE),
    high=Decimal(PRICE),
    seconds=Fraction(12),
    billed_seconds=Fraction(12),
    credits_per_second=Decimal(30),
    rounding="ceil",
    usd=Decimal("1.8"),
    mode="720p",
    orientation="video",
)


def report(clock: Clock) -> JobReport:
    return JobReport(
        model=MODEL, quote=QUOTE, identity=job_hash(JOB, load_spec(MODEL)), checked_at=clock(), verdict=Verdict.PASS
    )


class User:
    """Submits one job again and again, and resolves what is in doubt, as the messages tell."""

    def __init__(self, api: BillingApi, name: str, ledger: Mortal, clock: Clock, *, key: str = KEY) -> None:
        self.world: World = api.world(name)
        self._ledger = ledger
        self.clock = clock
        self.client = Client(key, base_url=api.url(name), sleep=clock.sleep, random=lambda: 0.0)
        self.verdicts: list[BalanceVerdict | str] = []

    def submit(self) -> Exception | str:
        """The task, or what stood in the way."""
        try:
            return submit_job(JOB, report(self.clock), self.client, self._ledger).task_id
        except (ApiError, NotSubmitted, LedgerUnusable) as error:
            return error

    def resolve(self) -> BalanceVerdict | str | None:
        """What the balance says of the entry in doubt; why it cannot be asked; ``None`` where none is in doubt."""
        self._ledger.mark_abandoned()
        open_ones = [
            each for each in self._ledger.entries(states=[EntryState.UNKNOWN]) if each.api == self.client.base_url
        ]
        if not open_ones:
            return None
        try:
            entry, verdict = resolve_by_balance(self._ledger, self.client, open_ones[0])
        except ApiError as error:
            return str(error)
        settled = verdict in {BalanceVerdict.CHARGED, BalanceVerdict.NOT_CHARGED}
        assert settled is (entry.state is not EntryState.UNKNOWN)
        return verdict

    def tries_everything(self) -> None:
        """At once, a minute later, right before the settling time is over and after it."""
        for wait in (0.0, 75.0, SETTLING - 80.0, 10.0, 3600.0):
            self.clock.sleep(wait)
            if (verdict := self.resolve()) is not None:
                self.verdicts.append(verdict)
            self.submit()

    @property
    def bills(self) -> int:
        return len(self.world.bills)


@pytest.fixture
def user(api: BillingApi, ledger: Mortal, clock: Clock) -> Iterator[User]:
    """Somebody with an account of their own."""
    somebody = User(api, f"user-{len(api.worlds)}", ledger, clock)
    yield somebody
    somebody.client.close()


@pytest.mark.parametrize("case", DOUBTFUL)
def test_no_answer_leads_to_a_second_bill(case: str, api: BillingApi, ledger: Mortal, clock: Clock) -> None:
    # With the true account, and with one that lies: another one for each answer, so that all are met by many.
    lies = [view for view in VIEWS if view != "true"]
    lie = lies[list(DOUBTFUL).index(case) % len(lies)]
    for view, (bill, after) in product(["true", lie], BILLS.items()):
        user = User(api, f"{len(api.worlds)}", ledger, clock)
        user.world.answers, user.world.bill_after, user.world.view = [DOUBTFUL[case]], [after], VIEWS[view]
        first = user.submit()
        assert isinstance(first, OutcomeUnknown), (view, bill)
        assert str(first)
        user.tries_everything()
        assert user.bills <= 1, (view, bill, user.verdicts)
        assert user.world.created <= 2
        if view == "true" and "task" not in case:
            assert user.verdicts[-1] in {BalanceVerdict.CHARGED, BalanceVerdict.NOT_CHARGED}
            assert (user.verdicts[-1] is BalanceVerdict.NOT_CHARGED) is (after is None)
        user.client.close()


def test_the_table_has_seventy_rows() -> None:
    assert len(DOUBTFUL) + len(REFUSALS) >= 70


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_that_the_api_documents_frees_the_job(case: str, ledger: Mortal, user: User) -> None:
    user.world.answers, user.world.bill_after = [REFUSALS[case]], [None]
    assert not isinstance(user.submit(), OutcomeUnknown)
    assert ledger.entries()[0].state is EntryState.REFUSED
    assert (user.submit(), user.bills) == ("task-1", 1)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_that_was_billed_is_in_doubt(case: str, view: str, user: User) -> None:
    user.world.answers, user.world.bill_after, user.world.view = [REFUSALS[case]], [0.0], VIEWS[view]
    first = user.submit()
    if view in {"not told", "asked too often"}:  # nothing contradicts what the API documents
        assert not isinstance(first, OutcomeUnknown)
        return
    assert isinstance(first, OutcomeUnknown)
    assert "but credits were charged meanwhile" in str(first)
    assert isinstance(user.submit(), StillUnknown)
    user.tries_everything()
    assert user.bills == 1


def test_a_429_that_was_billed_is_not_sent_again(user: User) -> None:
    user.world.answers = [error(429, "rate_limit_exceeded", Retry_After="1")]
    user.world.bill_after = [0.5]
    assert isinstance(user.submit(), OutcomeUnknown)
    assert (user.world.created, user.bills) == (1, 1)


WISHES = ["4000000000", "0.5", "-1", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 01 Jan 10000 00:00:00 GMT", "99999999999"]


@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_that_is_far_or_cannot_be_read_is_not_taken_for_at_once(wish: str, clock: Clock, user: User) -> None:
    user.world.answers, user.world.bill_after = [error(429, "rate_limit_exceeded", Retry_After=wish)], [None]
    began = clock.now
    assert isinstance(user.submit(), ApiError)
    assert (user.world.created, clock.now - began < timedelta(seconds=1)) == (1, True)


class Dying(Client):
    """Its requests are real; when the answer to a create is there, the process of ``ledger`` dies."""

    ledger: Mortal

    def create_task(self, *given: Any, **settings: Any) -> str:
        with suppress(OutcomeUnknown):
            super().create_task(*given, **settings)
        self.ledger.dead = True
        raise SystemExit


@contextmanager
def dying(user: User, ledger: Mortal) -> Iterator[None]:
    """Within, ``user`` is a process that does not survive its paid request."""
    alive = user.client
    with Dying(KEY, base_url=alive.base_url, sleep=user.clock.sleep, random=lambda: 0.0) as user.client:
        user.client.ledger = ledger
        yield
    user.client, ledger.dead = alive, False


@pytest.mark.parametrize("bill", BILLS)
@pytest.mark.parametrize(("attempt", "view"), list(product([1, 2], VIEWS)))
def test_a_process_killed_in_any_attempt_leaves_a_doubt_that_counts_from_the_last(
    bill: str, attempt: int, view: str, ledger: Mortal, user: User
) -> None:
    crowded = error(429, "rate_limit_exceeded", Retry_After="110")
    user.world.answers = [*[crowded] * (attempt - 1), Answer(None, reset=True)]
    user.world.bill_after = [*[None] * (attempt - 1), BILLS[bill]]
    user.world.view = VIEWS[view]
    with dying(user, ledger), pytest.raises(SystemExit):
        user.submit()
    assert ledger.entries()[0].attempts == attempt
    user.tries_everything()
    assert user.bills <= 1, user.verdicts
    if view == "true":
        assert user.verdicts[-1] is (BalanceVerdict.NOT_CHARGED if bill == "never" else BalanceVerdict.CHARGED)


def test_a_bill_later_than_the_settling_time_stops_the_job_where_the_balance_shows_it(clock: Clock, user: User) -> None:
    user.world.answers, user.world.bill_after = [Answer(None)], [400.0]
    assert isinstance(user.submit(), OutcomeUnknown)
    clock.sleep(SETTLING + 1)
    assert user.resolve() is BalanceVerdict.NOT_CHARGED
    clock.sleep(300)
    stopped = user.submit()
    assert isinstance(stopped, StillUnknown)
    assert "charged late" in str(stopped)
    assert user.bills == 1


@pytest.mark.parametrize("view", ["consumed stands still", "balance stands still"])
@pytest.mark.parametrize("case", ["402 insufficient_credits", "429 spend_limit_exceeded"])
def test_a_late_bill_for_a_refused_job_stops_it_whichever_figure_shows_it(
    case: str, view: str, clock: Clock, user: User
) -> None:
    user.world.answers, user.world.bill_after, user.world.view = [REFUSALS[case]], [20.0], VIEWS[view]
    assert not isinstance(user.submit(), OutcomeUnknown)
    clock.sleep(30)
    assert isinstance(user.submit(), StillUnknown)
    assert user.bills == 1


def test_another_key_cannot_tell(api: BillingApi, ledger: Mortal, clock: Clock) -> None:
    user = User(api, "two-keys", ledger, clock)
    user.world.answers, user.world.bill_after = [Answer(None)], [None]
    assert isinstance(user.submit(), OutcomeUnknown)
    clock.sleep(SETTLING + 1)
    other = User(api, "two-keys", ledger, clock, key="sk-another-0123456789")
    assert other.resolve() is BalanceVerdict.OTHER_KEY
    assert isinstance(other.submit(), StillUnknown)
    assert user.resolve() is BalanceVerdict.NOT_CHARGED


def test_no_key_is_in_the_ledger(ledger: Mortal, user: User) -> None:
    assert user.submit() == "task-0"
    account = ledger.entries()[0].account
    assert account is not None
    assert len(account) == 32
    for file in ledger.path.parent.glob("ledger.db*"):
        assert KEY.encode() not in file.read_bytes()


def test_the_look_before_the_payment_is_one_question(clock: Clock, user: User) -> None:
    user.world.view = VIEWS["asked too often"]
    began = clock.now
    assert user.submit() == "task-0"
    assert (user.world.looks, clock.now - began < timedelta(seconds=1)) == (1, True)


def test_a_check_that_grew_old_is_made_again_or_nothing_is_sent(ledger: Mortal, clock: Clock, user: User) -> None:
    old = report(clock)
    clock.sleep(61)
    with pytest.raises(NotSubmitted, match="check the job again"):
        submit_job(JOB, old, user.client, ledger)
    dearer = replace(QUOTE, credits=Decimal(400), high=Decimal(400))
    with pytest.raises(NotSubmitted, match="may cost more"):
        submit_job(JOB, old, user.client, ledger, check=lambda: replace(report(clock), quote=dearer))
    with pytest.raises(NotSubmitted, match="would refuse"):
        submit_job(JOB, old, user.client, ledger, check=lambda: replace(report(clock), verdict=Verdict.FAIL))
    with pytest.raises(NotSubmitted, match="too old"):
        submit_job(JOB, old, user.client, ledger, check=lambda: old)
    assert user.world.created == 0
    agreed: list[JobReport] = []
    submit_job(JOB, old, user.client, ledger, check=lambda: replace(report(clock), quote=dearer), agree=agreed.append)
    assert (agreed[0].quote, user.world.created) == (dearer, 1)


def test_the_check_of_another_job_is_refused(ledger: Mortal, clock: Clock, user: User) -> None:
    other = Job(body=body_of(image="https://example.com/b.png", video="https://example.com/a.mp4"))
    for job, checked in [(other, report(clock)), (JOB, replace(report(clock), identity=None))]:
        with pytest.raises(NotSubmitted, match="another job"):
            submit_job(job, checked, user.client, ledger)
    assert (user.world.created, ledger.entries(states=[EntryState.SENT, EntryState.UNKNOWN, EntryState.ACCEPTED])) == (
        0,
        (),
    )
