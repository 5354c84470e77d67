"""``preflight listen`` and the application behind it: what is taken, what has an effect, and how often."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Thread

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from preflight.callbacks import CallbackApp, Settler
from preflight.client import Client
from preflight.ledger import EntryState, Ledger, PaidRequest
from tests.support.command import KEY, command, environment, here
from tests.support.jobs import MODEL
from tests.support.service import Service, service

pytestmark = pytest.mark.usefixtures("measured_children")

SECRET = "a-secret-of-this-test"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


@contextmanager
def listener(sandbox: Service, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``preflight listen`` in a process of its own; yields its callback URL."""
    given = ["listen", "--port", "0", "--api-url", sandbox.url, *sandbox.ledger_options, *arguments]
    with subprocess.Popen(
        command(*given),
        env=environment({"PREFLIGHT_API_KEY": KEY, "PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=sandbox.folder,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield line.split()[-1], process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def entries(sandbox: Service) -> list[dict[str, object]]:
    listed = here("ledger", "list", "--limit", "1000", "--format", "json", *sandbox.ledger_options).json["entries"]
    return list(listed)


def deliver(url: str, task_id: str, event: str = "task.completed", **headers: str) -> int:
    return httpx2.post(
        url,
        headers={"X-Task-Id": task_id, "X-Event": event, **headers},
        json={"id": task_id},
        trust_env=False,
        verify=False,
    ).status_code


def until(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def test_a_callback_writes_down_how_a_task_ended_and_runs_the_command_once(sandbox: Service) -> None:
    with listener(
        sandbox, "--forward", f'{sys.executable} -c \'import sys; open("ran", "a").write(sys.stdin.read())\''
    ) as (
        url,
        process,
    ):
        ran = sandbox.submit(sandbox.job(), "--yes", "--callback", url)
        assert ran.code == 0
        assert until(process, 1) == [f"completed  task {ran.json['task_id']}  entry 1"]
        assert deliver(url, ran.json["task_id"]) == 204
        assert deliver(url, ran.json["task_id"], "task.failed") == 204
        second = sandbox.submit(sandbox.job(prompt="another"), "--yes", "--callback", url)
        assert until(process, 1) == [f"completed  task {second.json['task_id']}  entry 2"]
    ran_for = (sandbox.folder / "ran").read_text().replace("}\n{", "}\n\n{").split("\n\n")
    assert [json.loads(each)["entry"] for each in ran_for] == [1, 2]
    assert [each["state"] for each in entries(sandbox)] == ["completed", "completed"]


def test_a_callback_settles_what_was_unknown(sandbox: Service) -> None:
    with listener(sandbox) as (url, process):
        for fault, prompt in (("drop-after-billing", "a"), ("500-after-billing", "b")):
            sandbox.arm(fault)
            assert sandbox.submit(sandbox.job(prompt=prompt), "--yes", "--callback", url).code == 6
        until(process, 2)
    found = {each["id"]: (each["state"], each["task_id"]) for each in entries(sandbox)}
    billed = [task["id"] for task in sandbox.state["tasks"]]
    assert found == {1: ("completed", billed[0]), 2: ("completed", billed[1])}


def test_a_callback_url_of_the_users_own_settles_the_only_submission_that_fits(tmp_path: Path) -> None:
    with (
        service(tmp_path, speed=1.0, pending_seconds=0.1, processing_seconds=0.1) as sandbox,
        listener(sandbox) as (url, process),
    ):
        sandbox.arm("drop-after-billing")
        path = sandbox.job()
        path.write_text(path.read_text() + f"callback_url: {url}\n")
        assert sandbox.submit(path, "--yes", "--allow-host", url.split("/")[2]).code == 6
        (line,) = until(process, 1)
        assert line.endswith("entry 1")
        assert entries(sandbox)[0]["state"] == "completed"


REFUSED = {
    "wrong-secret": ("POST", "/wrong", {}, b"{}", 404),
    "no-path": ("POST", "/", {}, b"{}", 404),
    "get": ("GET", f"/{SECRET}", {}, b"", 405),
    "too-large": ("POST", f"/{SECRET}", {}, b"x" * (64 * 1024 + 1), 413),
    "nothing-said": ("POST", f"/{SECRET}", {}, b"{}", 400),
    "no-json": ("POST", f"/{SECRET}", {}, b"\xff\xfe", 400),
    "deep": ("POST", f"/{SECRET}", {}, b"[" * 60_000, 400),
    "another-event": ("POST", f"/{SECRET}", {"X-Task-Id": "t", "X-Event": "task.started"}, b"{}", 400),
    "no-task-id": ("POST", f"/{SECRET}", {"X-Task-Id": "../../etc", "X-Event": "task.failed"}, b"{}", 400),
    "long-token": ("POST", f"/{SECRET}/{'x' * 300}", {"X-Task-Id": "t", "X-Event": "task.failed"}, b"{}", 404),
    "largest": ("POST", f"/{SECRET}", {"X-Task-Id": "t", "X-Event": "task.failed"}, b"x" * (64 * 1024), 204),
    "body-alone": ("POST", f"/{SECRET}", {}, b'{"id": "t", "status": "failed"}', 204),
    "with-a-token": ("POST", f"/{SECRET}/token", {"X-Task-Id": "t", "X-Event": "task.failed"}, b"", 204),
}


def asked(app: object, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
    async def ask() -> int:
        transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://receiver") as client:
            return (await client.request(method, path, headers=headers, content=body)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_delivery_is_refused_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    method, path, headers, body, expected = REFUSED[case]
    with Ledger(tmp_path / "ledger.db") as ledger:
        assert asked(CallbackApp(ledger, secret=SECRET), method, path, headers, body) == expected
        with ledger.reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM delivery").fetchone()
    assert count == (1 if expected == 204 else 0)


def test_the_application_can_be_mounted_in_another(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        app = Starlette(routes=[Mount("/hooks", app=CallbackApp(ledger, secret=SECRET))])
        said = {"X-Task-Id": "t", "X-Event": "task.failed"}
        assert asked(app, "POST", f"/hooks/{SECRET}", said, b"") == 204
        assert asked(app, "POST", f"/{SECRET}", said, b"") == 404


def test_what_cannot_be_written_is_to_be_delivered_again(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        app = CallbackApp(ledger, secret=SECRET)
        ledger.close()
        assert asked(app, "POST", f"/{SECRET}", {"X-Task-Id": "t", "X-Event": "task.failed"}, b"") == 503


def test_a_thousand_deliveries_of_a_hundred_tasks_take_effect_once_each(tmp_path: Path) -> None:
    with (
        service(tmp_path, credits=Decimal(100_000)) as sandbox,
        Ledger(tmp_path / "ledger.db") as ledger,
        Client(KEY, base_url=sandbox.url) as client,
    ):
        tasks = [paid(sandbox, ledger, client, number) for number in range(100)]
        finished: list[str] = []
        settler = Settler(ledger, client, on_finished=lambda done: finished.append(done.task.id))
        app = CallbackApp(ledger, secret=SECRET, on_taken=settler.wake)
        forged = [f"forged-{number}" for number in range(20)]
        deliveries = tasks * 10 + forged
        random.Random(1).shuffle(deliveries)
        working = Thread(target=settler.run)
        working.start()
        codes = asyncio.run(delivered(app, deliveries))
        while is_busy(ledger):
            time.sleep(0.05)
        settler.stop()
        working.join()
        assert codes == {204}
        assert sorted(finished) == sorted(tasks)
        stories = [[event.state for event in entry.events] for entry in ledger.entries()]
        assert stories == [[EntryState.INTENDED, EntryState.SENT, EntryState.ACCEPTED, EntryState.COMPLETED]] * 100


def paid(sandbox: Service, ledger: Ledger, client: Client, number: int) -> str:
    """The id of a task whose entry is accepted, and no more."""
    order = PaidRequest(
        job_hash=str(number), job={}, model="m", path=None, quote={}, high=Decimal(1), clocks={}, receipts=()
    )
    with ledger.begin(order, api=client.base_url) as claim:
        claim.about_to_send(1)
        task_id = client.create_task({"model": MODEL, "input": inputs(sandbox)})
        claim.accepted(task_id)
    return task_id


def inputs(sandbox: Service) -> dict[str, list[str]]:
    return {"input_urls": [sandbox.media.url("ok", "a.png")], "video_urls": [sandbox.media.url("ok", "12.mp4")]}


async def delivered(app: CallbackApp, task_ids: list[str]) -> set[int]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://receiver") as client:

        async def post(task_id: str) -> int:
            event = {"X-Task-Id": task_id, "X-Event": "task.completed"}
            return (await client.post(f"/{SECRET}", headers=event)).status_code

        return set(await asyncio.gather(*(post(task_id) for task_id in task_ids)))


def is_busy(ledger: Ledger) -> bool:
    with ledger.reading() as connection:
        return bool(connection.execute("SELECT 1 FROM delivery WHERE result IS NULL LIMIT 1").fetchone())


def test_a_stream_of_connections_that_say_nothing_holds_nobody_up(sandbox: Service) -> None:
    with listener(sandbox) as (url, process):
        host, port = url.split("/")[2].rsplit(":", 1)
        idle = [socket.create_connection((host, int(port))) for _ in range(50)]
        with ThreadPoolExecutor(4) as pool:
            codes = set(pool.map(lambda number: deliver(url, f"t-{number}"), range(20)))
        assert codes == {204}
        for connection in idle:
            connection.close()
        assert process.poll() is None


def test_the_secret_is_kept_from_one_run_to_the_next(sandbox: Service) -> None:
    with listener(sandbox) as (url, _):
        first = url.rpartition("/")[2]
    with listener(sandbox) as (url, _):
        assert url.rpartition("/")[2] == first
    secret = sandbox.folder / "ledger.db-callback-secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    secret.write_text("x")
    ran = here("listen", "--port", "0", *sandbox.options, *sandbox.ledger_options)
    assert (ran.code, "callback-secret" in ran.err) == (2, True)


def test_a_command_is_run_though_nobody_reads_what_is_said(sandbox: Service) -> None:
    with listener(sandbox, "--forward", f'{sys.executable} -c \'open("ran", "w")\'') as (url, process):
        assert process.stdout is not None
        process.stdout.close()
        assert sandbox.submit(sandbox.job(), "--yes", "--callback", url).code == 0
        while not (sandbox.folder / "ran").exists():
            assert process.poll() is None
            time.sleep(0.05)
