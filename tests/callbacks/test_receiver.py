"""The receiver mounted in web frameworks and served by uvicorn: what it settles, when, and what it never shows."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from preflight.callbacks import Finished, Receiver
from preflight.client import Client
from preflight.errors import ConfigurationError
from preflight.ledger import EntryState, Ledger
from tests.service.running import Served, served
from tests.support.command import KEY, SIGNATURE, SIGNED
from tests.support.service import Service, service

HEAD = """
import logging
import os
from pathlib import Path

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from preflight import Client, Ledger
from preflight.callbacks import Receiver

logging.basicConfig(level=logging.DEBUG)
client = Client(os.environ["PREFLIGHT_API_KEY"], base_url=os.environ["PREFLIGHT_API_URL"])
ledger = Ledger(Path(os.environ["PREFLIGHT_LEDGER"]))


def ended(finished):
    with open(os.environ["ENDED"], "a") as file:
        file.write(f"{finished.task.id} {finished.task.status.value} {finished.entry.id}\\n")


"""
APPS = {
    "fastapi": """
receiver = Receiver(ledger, client, on_finished=ended)
app = FastAPI(lifespan=receiver.lifespan)
app.mount("/callbacks", receiver)
""",
    "starlette": """
receiver = Receiver(ledger, client, on_finished=ended)
app = Starlette(lifespan=receiver.lifespan)
app.mount("/callbacks", receiver)
""",
    "by-itself": """
app = Receiver(ledger, client, on_finished=ended)
""",
}
FAILS = """

class Failing:
    left = 2

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and self.left:
            self.left -= 1
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)


app = Failing(app)
"""


@contextmanager
def running(sandbox: Service, text: str) -> Iterator[Served]:
    (sandbox.folder / "receiving.py").write_text(HEAD + text)
    settings = {
        "PREFLIGHT_API_KEY": KEY,
        "PREFLIGHT_API_URL": sandbox.url,
        "PREFLIGHT_LEDGER": str(sandbox.folder / "ledger.db"),
        "ENDED": str(sandbox.folder / "ended"),
    }
    with served("receiving:app", sandbox.folder, settings) as app:
        yield app


def callback(sandbox: Service, app: Served, mount: str = "/callbacks") -> str:
    with Ledger(sandbox.folder / "ledger.db") as ledger, Client(KEY, base_url=sandbox.url) as client:
        return Receiver(ledger, client).url(app.url + mount)


def ended(sandbox: Service, count: int) -> list[str]:
    file, end = sandbox.folder / "ended", time.monotonic() + 60
    while not file.exists() or len(file.read_text().splitlines()) < count:
        assert time.monotonic() < end, sandbox.state["callbacks"]
        time.sleep(0.02)
    return file.read_text().splitlines()


@pytest.mark.parametrize("app", APPS)
def test_three_lines_mount_it_and_the_schedule_of_the_api_reaches_it(app: str, tmp_path: Path) -> None:
    with service(tmp_path, speed=1000) as sandbox, running(sandbox, APPS[app] + FAILS) as process:
        url = callback(sandbox, process, "" if app == "by-itself" else "/callbacks")
        submitted = sandbox.submit(sandbox.job(), "--yes", "--callback", url)
        assert submitted.code == 0, submitted.err
        assert ended(sandbox, 1) == [f"{submitted.json['task_id']} completed 1"]
        made = sandbox.state["callbacks"]
        assert [(each["attempt"], each["result"]) for each in made] == [(1, "503"), (2, "503"), (3, "204")]
        assert made[1]["at"] - made[0]["at"] >= 180
        assert made[2]["at"] - made[1]["at"] >= 600
        assert httpx2.get(process.url + "/other", trust_env=False).status_code == 404
        assert process.end() == 0
    assert "Traceback" not in process.said


def test_a_receiver_that_is_down_for_two_attempts_settles_the_third(tmp_path: Path) -> None:
    began, passed = time.time(), [0.0]
    with (
        service(tmp_path, speed=1000, clock=lambda: began + passed[0], callback_timeout=0.5) as sandbox,
        running(sandbox, APPS["fastapi"]) as process,
    ):
        submitted = sandbox.submit(sandbox.job(), "--yes", "--callback", callback(sandbox, process))
        process.end(signal.SIGKILL)
        for count, seconds in enumerate((61, 181), start=1):
            passed[0] += seconds / 1000
            attempts(sandbox, count)
        process.start()
        passed[0] += 601 / 1000
        assert ended(sandbox, 1) == [f"{submitted.json['task_id']} completed 1"]
        assert attempts(sandbox, 3)[2] == "204"


def attempts(sandbox: Service, count: int) -> list[str]:
    end = time.monotonic() + 60
    while len(made := sandbox.state["callbacks"]) < count:
        assert time.monotonic() < end
        time.sleep(0.02)
    return [each["result"] for each in made]


def test_a_delivery_that_was_stored_before_a_kill_is_settled_after_the_start(tmp_path: Path) -> None:
    with service(tmp_path) as sandbox, running(sandbox, APPS["starlette"]) as process:
        sandbox.arm("internal_error", operation="task", count=None)  # so that nothing can be settled yet
        submitted = sandbox.submit(sandbox.job(), "--yes", "--callback", callback(sandbox, process))
        assert attempts(sandbox, 1) == ["204"]
        process.end(signal.SIGKILL)
        httpx2.delete(f"{sandbox.url}/sandbox/faults", trust_env=False)
        process.start()
        assert ended(sandbox, 1) == [f"{submitted.json['task_id']} completed 1"]


def test_logs_hold_no_secret_key_signature_or_prompt(tmp_path: Path) -> None:
    with service(tmp_path) as sandbox, running(sandbox, APPS["fastapi"]) as process:
        url = callback(sandbox, process)
        path = sandbox.job(prompt="a-private-prompt")
        path.write_text(path.read_text().replace("12.mp4", f"12.mp4?{SIGNED}"))
        assert sandbox.submit(path, "--yes", "--callback", url).code == 0
        ended(sandbox, 1)
        (task,) = sandbox.state["tasks"]
        token = task["callback_url"].rpartition("/")[2]
        assert httpx2.post(f"{url}x/y", trust_env=False).status_code == 404
        assert process.end() == 0
    assert '"POST /callbacks/hidden HTTP/1.1" 204' in process.said  # uvicorn's log of requests is on
    assert "INFO:preflight.callbacks:task " in process.said
    assert "DEBUG:preflight.client:" in process.said
    for secret in (KEY, SIGNATURE, url.rpartition("/")[2], token, "a-private-prompt"):
        assert secret not in process.said


def test_a_coroutine_function_is_called_in_the_event_loop_and_its_error_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def tell(finished: Finished) -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        raise ValueError(f"https://example.com/a.mp4?{SIGNED} of {finished.task.status.value}")

    with (
        service(tmp_path) as sandbox,
        Ledger(tmp_path / "ledger.db") as ledger,
        Client(KEY, base_url=sandbox.url) as client,
    ):
        receiver = Receiver(ledger, client, secret="a-secret-of-this-test", on_finished=tell)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with receiver.lifespan(app):
                loops.append(asyncio.get_running_loop())
                yield

        app = FastAPI(lifespan=lifespan)
        app.mount("/hooks", receiver)
        task_id = sandbox.submit(sandbox.job(), "--yes").json["task_id"]
        for _ in range(2):  # an application may be started again
            with TestClient(app) as http:
                said = {"X-Task-Id": task_id, "X-Event": "task.completed"}
                assert http.post("/hooks/a-secret-of-this-test", headers=said).status_code == 204
                end = time.monotonic() + 60
                while ledger.entry(1).state is not EntryState.COMPLETED or len(loops) < 2:
                    assert time.monotonic() < end
                    time.sleep(0.02)
    assert loops[0] is loops[1]
    assert len(loops) == 3  # started twice, and told once
    assert "ended" not in repr(receiver)
    assert "a-secret-of-this-test" not in repr(receiver) + caplog.text
    assert SIGNATURE not in caplog.text
    assert f"task {task_id}: https://example.com/a.mp4?… of completed" in caplog.text


@pytest.mark.parametrize("secret", ["", "short", "with/a-slash-in-the-middle", "x" * 201, "ümlaute-im-geheimnis"])
def test_a_secret_that_can_be_guessed_is_refused(secret: str, tmp_path: Path) -> None:
    with (
        Ledger(tmp_path / "ledger.db") as ledger,
        Client(KEY, base_url="http://127.0.0.1:9") as client,
        pytest.raises(ConfigurationError, match="16 to 200") as refused,
    ):
        Receiver(ledger, client, secret=secret)
    assert not secret or secret not in str(refused.value)


def test_the_public_url_is_of_https_or_of_this_machine(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger, Client(KEY, base_url="http://127.0.0.1:9") as client:
        receiver = Receiver(ledger, client, secret="a-secret-of-this-test")
        assert receiver.url("https://example.com/hooks/") == "https://example.com/hooks/a-secret-of-this-test"
        for wrong in ("http://example.com", "example.com", "https://example.com/?a=b"):
            with pytest.raises(ConfigurationError):
                receiver.url(wrong)
