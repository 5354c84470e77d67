"""News that comes late, out of order or from liars: what was paid for is found again, and nothing else is believed."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from preflight.callbacks import CallbackApp, Settler
from preflight.client import Client
from preflight.ledger import Balance, EntryState, Ledger
from preflight.ledger.deliveries import Deliveries, Delivery
from preflight.ledger.schema import SETTLING
from preflight.submit.submit import token_hash_of
from tests.ledger.test_ledger_invariants import API, Clock, brought_to, order
from tests.support.command import KEY, command, environment, here
from tests.support.service import Service, service

SECRET = "a-secret-of-this-test"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


@contextmanager
def receiver(sandbox: Service) -> Iterator[tuple[Ledger, Settler, CallbackApp]]:
    with Ledger(sandbox.folder / "ledger.db") as ledger, Client(KEY, base_url=sandbox.url) as client:
        settler = Settler(ledger, client)
        yield ledger, settler, CallbackApp(ledger, secret=SECRET)


def deliver(app: CallbackApp, path: str, task_id: str) -> None:
    async def ask() -> int:
        transport = httpx2.ASGITransport(app=app)
        headers = {"X-Task-Id": task_id, "X-Event": "task.completed"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://receiver") as client:
            return (await client.post(f"/{SECRET}{path}", headers=headers)).status_code

    assert asyncio.run(ask()) == 204


def lost(sandbox: Service) -> tuple[str, str]:
    """A job whose answer was lost: its task, and the secret in its callback URL."""
    sandbox.arm("drop-after-billing")
    assert sandbox.submit(sandbox.job(), "--yes", "--callback", "https://hooks.example/secret").code == 6
    (task,) = sandbox.state["tasks"]
    return task["id"], task["callback_url"].rpartition("/")[2]


def test_a_callback_of_a_job_that_was_settled_as_not_charged_finds_it_again(sandbox: Service) -> None:
    task, token = lost(sandbox)
    ran = here("ledger", "resolve", "1", "--not-charged", *sandbox.ledger_options)
    assert ran.code == 0
    with receiver(sandbox) as (ledger, settler, app):
        deliver(app, f"/{token}", task)
        settler.settle_waiting()
        found = [(entry.id, entry.state, entry.task_id) for entry in ledger.entries()]
    assert found == [(2, EntryState.COMPLETED, task), (1, EntryState.REFUSED, None)]
    assert sandbox.submit(sandbox.job(), "--yes").code == 1
    assert sandbox.state["jobs_billed"] == 1


def test_a_task_that_is_found_after_it_was_settled_as_not_charged_is_taken_up(sandbox: Service) -> None:
    task, _ = lost(sandbox)
    options = [*sandbox.options, *sandbox.ledger_options]
    assert here("ledger", "resolve", "1", "--not-charged", *sandbox.ledger_options).code == 0
    ran = here("ledger", "resolve", "1", "--task", task, "--format", "json", *options)
    assert (ran.code, ran.json["entries"][0]["id"], ran.json["entries"][0]["state"]) == (0, 2, "completed")
    again = here("ledger", "resolve", "1", "--task", task, *options)
    assert (again.code, "that of entry 2" in again.err) == (2, True)
    assert sandbox.submit(sandbox.job(), "--yes").code == 1


FORGED = {"without-a-secret": [""], "with-another": ["/forged"], "twice": ["/forged", ""]}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_callback_does_not_keep_the_real_one_from_its_effect(case: str, sandbox: Service) -> None:
    task, token = lost(sandbox)
    with receiver(sandbox) as (ledger, settler, app):
        for path in FORGED[case]:
            deliver(app, path, task)
            settler.settle_waiting()
        assert ledger.entry(1).state is EntryState.UNKNOWN
        deliver(app, f"/{token}", task)
        deliver(app, "/forged", task)
        settler.settle_waiting()
        assert (ledger.entry(1).state, ledger.entry(1).task_id) == (EntryState.COMPLETED, task)


@pytest.mark.parametrize("early", [True, False], ids=["before-the-real-one", "after-it"])
def test_a_callback_under_another_jobs_secret_keeps_no_real_one_from_its_effect(early: bool, sandbox: Service) -> None:
    sandbox.arm("drop-after-billing", count=None)
    for prompt in ("mine", "theirs"):
        path = sandbox.job(prompt=prompt)
        assert sandbox.submit(path, "--yes", "--callback", "https://hooks.example/secret").code == 6
    sandbox.arm("drop-after-billing", count=None)
    tasks = [(each["id"], each["callback_url"].rpartition("/")[2]) for each in sandbox.state["tasks"]]
    (mine, my_token), (theirs, their_token) = tasks
    with receiver(sandbox) as (ledger, settler, app):
        real = [(my_token, mine), (their_token, theirs)]
        for token, task in [(their_token, mine), *real] if early else [*real, (their_token, mine)]:
            deliver(app, f"/{token}", task)
            settler.settle_waiting()
        assert not ledger.entries(states=[EntryState.UNKNOWN])
        assert {entry.task_id for entry in ledger.entries()} >= {mine, theirs}
    for prompt in ("mine", "theirs"):
        assert sandbox.submit(sandbox.job(prompt=prompt), "--yes").code == 1
    assert sandbox.state["jobs_billed"] == 2


def test_a_task_that_the_service_does_not_know_yet_is_asked_for_again(sandbox: Service) -> None:
    task, token = lost(sandbox)
    with receiver(sandbox) as (ledger, settler, app):
        sandbox.arm("task_not_found", operation="task")
        deliver(app, f"/{token}", task)
        assert settler.settle_waiting() == 0
        assert settler.settle_waiting() == 1
        assert ledger.entry(1).state is EntryState.COMPLETED


def test_the_task_that_is_found_takes_the_place_of_one_that_was_merely_named(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        with ledger.begin(order(), api=API) as claim:
            claim.about_to_send(1)
            claim.unknown("no success", settles_at=datetime.now(UTC), task_id="named")
        assert ledger.accept(1, "found", task_id="real") == 1
        assert (ledger.entry(1).state, ledger.entry(1).task_id) == (EntryState.ACCEPTED, "real")


def test_an_answer_after_others_thought_the_process_dead_is_kept(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger, ledger.begin(order(), api=API) as claim:
        claim.about_to_send(1)
        for sign in tmp_path.glob("*-live-1"):
            sign.unlink()
        ledger.mark_abandoned()
        ledger.move(1, EntryState.REFUSED, "resolved by the user: nothing was charged")
        claim.accepted("late")
        entry = ledger.entry(claim.entry_id)
        assert (entry.id, entry.state, entry.task_id, entry.job_hash) == (2, EntryState.ACCEPTED, "late", "a")
        assert entry.cost == order().high
        assert "entry 2" in ledger.entry(1).events[-1].what


@pytest.mark.parametrize("task_id", ["task-a", "another"], ids=["the-same-task", "another-task"])
def test_an_entry_that_has_ended_keeps_its_task(task_id: str, tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        brought_to(ledger, EntryState.COMPLETED)
        assert ledger.accept(1, "late", task_id=task_id) == (1 if task_id == "task-a" else 2)
        assert (ledger.entry(1).state, ledger.entry(1).task_id) == (EntryState.COMPLETED, "task-a")


def test_a_refund_of_another_unknown_job_is_not_taken_for_a_job_that_cost_nothing(tmp_path: Path) -> None:
    clock = Clock()
    with Ledger(tmp_path / "ledger.db", now=clock) as ledger:
        with ledger.begin(order("first"), api=API) as first:
            first.about_to_send(1)
            first.unknown("no answer", settles_at=clock.now + timedelta(minutes=3))
        clock.now += timedelta(hours=1)
        with ledger.begin(order("second"), api=API) as second:
            second.record_balance("before", Balance(at=clock(), balance=Decimal(1000)))
            second.about_to_send(1)
            second.unknown("no answer", settles_at=clock.now + timedelta(minutes=3))
        assert not ledger.ran_alone(ledger.entry(second.entry_id))


def test_a_clock_that_was_set_back_hides_no_later_job(tmp_path: Path) -> None:
    clock = Clock()
    with Ledger(tmp_path / "ledger.db", now=clock) as ledger:
        with ledger.begin(order(), api=API) as claim:
            claim.record_balance("before", Balance(at=clock(), balance=Decimal(1000)))
            claim.about_to_send(1)
            claim.unknown("no answer", settles_at=clock.now + timedelta(minutes=3))
        clock.now -= timedelta(hours=5)
        brought_to(ledger, EntryState.COMPLETED, "later")
        assert not ledger.ran_alone(ledger.entry(claim.entry_id))


@pytest.mark.parametrize("died", [False, True], ids=["no-answer", "died"])
def test_a_clock_that_was_set_back_settles_nothing_early(died: bool, tmp_path: Path) -> None:
    clock = Clock()
    with Ledger(tmp_path / "ledger.db", now=clock) as ledger:
        with ledger.begin(order(), api=API) as claim:
            claim.about_to_send(1)
            left_at = clock.now
            clock.now -= timedelta(hours=1)
            if not died:
                claim.unknown("no answer", settles_at=clock.now + SETTLING)
        ledger.mark_abandoned()
        settles_at = ledger.entry(claim.entry_id).settles_at
        assert settles_at is not None
        assert settles_at >= left_at + SETTLING


def test_a_secret_of_no_entry_is_not_kept(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        with ledger.begin(order(), api=API, token_hash=token_hash_of("ours")) as claim:
            claim.about_to_send(1)
        deliveries = Deliveries(ledger)
        for task, token in (("a", "forged"), ("b", "ours")):
            deliveries.take([Delivery(task_id=task, event="task.completed", token_hash=token_hash_of(token))])
        assert [each.token_hash for each in deliveries.waiting()] == [token_hash_of("ours"), None]


def test_an_interrupt_while_the_ledger_is_locked_loses_no_task(sandbox: Service) -> None:
    path = sandbox.folder / "ledger.db"
    Ledger(path).close()
    sandbox.arm("late-answer", seconds=1)
    given = ["submit", sandbox.job(), "--yes", *sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    lock = sqlite3.connect(path, isolation_level=None)
    with subprocess.Popen(command(*given), env=environment(), stderr=subprocess.PIPE, text=True) as process:
        while not sandbox.state["jobs_billed"]:
            assert process.poll() is None
            time.sleep(0.02)
        lock.execute("BEGIN EXCLUSIVE")
        time.sleep(2)  # by now the answer is there, and waits to be written down
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        lock.execute("COMMIT")
        lock.close()
        _, err = process.communicate(timeout=60)
    (task,) = sandbox.state["tasks"]
    assert (process.returncode, f"accepted as task {task['id']}" in err) == (130, True)
    with Ledger(path) as ledger:
        assert (ledger.entry(1).state, ledger.entry(1).task_id) == (EntryState.ACCEPTED, task["id"])
