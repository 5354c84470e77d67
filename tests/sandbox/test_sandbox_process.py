"""``preflight sandbox`` as a process of its own: started with faults, killed, started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from preflight.sandbox import serve_media
from preflight.sandbox.config import RESULT
from tests.client.test_hostile import answers, serving
from tests.support.command import KEY, SIGNED, command, environment

MEDIA = RESULT.parent


@dataclass
class Running:
    """A sandbox at ``url``, the process it is, and jobs over files of ``media``."""

    url: str
    media: str
    process: subprocess.Popen[str]
    http: httpx2.Client

    def pay(self, callback_url: str | None = None) -> int | None:
        """The status of a create, ``None`` when no answer came."""
        body = {
            "model": "kling-v3-motion-control",
            "callback_url": callback_url,
            "input": {"input_urls": [f"{self.media}/character.png"], "video_urls": [f"{self.media}/dance.mp4"]},
        }
        try:
            return self.http.post(f"{self.url}/v1/videos/generations", json=body).status_code
        except httpx2.TransportError:
            return None

    def state(self) -> dict:
        return self.http.get(f"{self.url}/sandbox/state").json()


@pytest.fixture(scope="module")
def media() -> Iterator[str]:
    with serve_media(MEDIA) as url:
        yield url


@contextmanager
def running(media: str, *arguments: str | Path, log: Path = Path(os.devnull)) -> Iterator[Running]:
    with (
        log.open("w") as err,
        subprocess.Popen(
            command("sandbox", "--port", "0", *arguments),
            stdout=subprocess.PIPE,
            stderr=err,
            env=environment(),
            text=True,
        ) as process,
        httpx2.Client(headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, timeout=30) as http,
    ):
        try:
            said = process.stdout.readline()
            yield Running(re.search(r"http://\S+:\d+", said)[0], media, process, http)
        finally:
            process.kill()
            process.communicate()


def test_a_killed_sandbox_goes_on_where_it_was(media: str, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with running(media, "--state", state, "--credits", "1080.5") as first:
        assert [first.pay(), first.pay()] == [200, 200]
        before = first.state()
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(60)
    with running(media, "--state", state, "--credits", "1") as second:
        after = second.state()
        assert [task["id"] for task in after["tasks"]] == [task["id"] for task in before["tasks"]]
        assert (after["jobs_billed"], after["requests"], after["balance"]) == (2, {"create": 2}, before["balance"])
        assert [second.pay(), second.pay()] == [200, 402]
        assert second.state()["balance"] == 0.5


def test_what_was_billed_before_a_kill_is_billed_after_it(media: str, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with running(media, "--state", state, "--fault", "late-answer,seconds=600") as first:
        first.http.timeout = 2
        assert first.pay() is None
        while not first.state()["jobs_billed"]:
            time.sleep(0.01)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(60)
    with running(media, "--state", state) as second:
        assert second.state()["jobs_billed"] == 1


def test_faults_may_be_armed_at_the_start_and_the_seed_repeats_them(media: str) -> None:
    def outcomes(seed: int) -> list[int | None]:
        faults = ["--fault", "drop-after-billing:0.4", "--fault", "upstream_error:0.2", "--seed", str(seed)]
        with running(media, *faults) as sandbox:
            made = [sandbox.pay() for _ in range(12)]
            assert sandbox.state()["jobs_billed"] == sum(outcome in {200, None} for outcome in made)
        return made

    first = outcomes(7)
    assert set(first) == {200, 503, None}
    assert outcomes(7) == first


def test_credits_run_out(media: str) -> None:
    with running(media, "--credits", "800") as sandbox:
        assert [sandbox.pay() for _ in range(4)][-1] == 402


def test_a_hidden_choice_is_billed_as_the_same_one_named(media: str) -> None:
    def bill(*choice: str) -> float:
        with running(media, "--seed", "3", *choice) as sandbox:
            sandbox.pay()
            return sandbox.state()["total_consumed"]

    hidden = bill("--rounding", "hidden", "--clock", "hidden")
    named = {bill("--rounding", rounding) for rounding in ("ceil", "exact", "nearest", "ceil-credits")}
    assert hidden in named


def test_what_happens_is_said_with_v_and_without_keys_and_queries(media: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        serving(answers(200, {})) as receiver,
        running(media, "-vv", "--fault", "callback-early", log=log) as sandbox,
    ):
        assert sandbox.pay(f"{receiver.url}/hook?{SIGNED}") == 200
        assert len(receiver.requests) == 1
    text = log.read_text()
    assert re.search(r"preflight\.sandbox: task [-\w]+: \d+ credits", text)
    assert re.search(r"preflight\.sandbox: callback 1 for task [-\w]+: 200", text)
    assert "preflight.sandbox: POST /v1/videos/generations: 200" in text
    assert SIGNED not in text
    assert KEY not in text
