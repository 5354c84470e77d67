"""The service of ``docs/examples/service.py``, which docs/service.md shows: what it takes, pays, and how often."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.service.running import ROOT, Served, served
from tests.support.command import KEY
from tests.support.jobs import MODEL
from tests.support.service import Service, service

EXAMPLE = ROOT / "docs" / "examples" / "service.py"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


@contextmanager
def example(sandbox: Service) -> Iterator[Served]:
    settings = {
        "PREFLIGHT_API_KEY": KEY,
        "PREFLIGHT_API_URL": sandbox.url,
        "PREFLIGHT_LEDGER": str(sandbox.folder / "ledger.db"),
        "PREFLIGHT_ALLOW_HOST": "127.0.0.1",
    }
    with served("service:app", EXAMPLE.parent, settings) as running:
        yield running


def a_job(sandbox: Service, **more: object) -> dict[str, Any]:
    inside = {"input_urls": [sandbox.media.url("ok", "a.png")], "video_urls": [sandbox.media.url("ok", "12.mp4")]}
    return {"model": MODEL, "input": {**inside, **more}}


def post(running: Served, body: object) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx2.post(f"{running.url}/jobs", content=content, timeout=60, trust_env=False)


def state(running: Served, identity: str) -> dict[str, Any]:
    answer = httpx2.get(f"{running.url}/jobs/{identity}", timeout=60, trust_env=False)
    return dict(answer.json()) if answer.status_code == 200 else {"state": "not sent"}


def until(running: Served, identity: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + 60
    while (found := state(running, identity))["state"] not in states:
        assert time.monotonic() < end, (found, running.said)
        time.sleep(0.05)
    return found


def test_the_example_is_one_file_of_under_eighty_lines() -> None:
    assert len(EXAMPLE.read_text("utf-8").splitlines()) < 80


def test_a_posted_job_is_priced_paid_for_once_and_its_end_is_learned_by_callback(sandbox: Service) -> None:
    with example(sandbox) as running:
        first = post(running, a_job(sandbox))
        assert first.status_code == 202, first.text
        assert first.json()["quote"]["credits"] == 360
        done = until(running, first.json()["id"], "completed")
        again = [post(running, a_job(sandbox)) for _ in range(3)]
        assert {each.json()["id"] for each in again} == {first.json()["id"]}
        assert until(running, first.json()["id"], "completed") == done
        assert running.end() == 0
    assert running.said.count(f"task {done['task_id']} is completed") == 1
    assert (sandbox.state["jobs_billed"], sandbox.paid_requests) == (1, 1)
    assert [each["result"] for each in sandbox.state["callbacks"]] == ["204"]


def test_posts_at_the_same_time_pay_once(sandbox: Service) -> None:
    with example(sandbox) as running:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: post(running, a_job(sandbox)), range(6)))
        assert {each.status_code for each in answers} == {202}
        until(running, answers[0].json()["id"], "completed")
        assert running.end() == 0
    assert sandbox.state["jobs_billed"] == 1


def test_a_service_that_is_killed_while_it_pays_does_not_pay_again(sandbox: Service) -> None:
    sandbox.arm("late-answer", seconds=600)
    with example(sandbox) as running:
        identity = post(running, a_job(sandbox)).json()["id"]
        while sandbox.state["jobs_billed"] == 0:
            time.sleep(0.02)
        running.end(signal.SIGKILL)
        running.start()
        assert post(running, a_job(sandbox)).status_code == 202
        done = until(running, identity, "completed")  # the callback said which task it was
        assert done["task_id"] == sandbox.state["tasks"][0]["id"]
        assert post(running, a_job(sandbox)).status_code == 202
        assert running.end() == 0
    assert (sandbox.state["jobs_billed"], sandbox.paid_requests) == (1, 1)


def test_a_service_that_is_killed_after_a_refusal_pays_when_the_post_is_repeated(sandbox: Service) -> None:
    sandbox.arm("insufficient_credits")
    with example(sandbox) as running:
        identity = post(running, a_job(sandbox)).json()["id"]
        assert until(running, identity, "refused")["reason"]
        running.end(signal.SIGKILL)
        running.start()
        post(running, a_job(sandbox))
        until(running, identity, "completed")
    assert sandbox.state["jobs_billed"] == 1


HOSTILE: dict[str, tuple[bytes, int]] = {
    "too-large": (b'{"a": "' + b"x" * 70_000 + b'"}', 413),
    "not-json": (b"\xff\xfe\x00", 400),
    "deep": (b"[" * 60_000, 400),
    "deep-object": (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, 400),
    "long-number": (b'{"input": ' + b"9" * 60_000 + b"}", 400),
    "a-list": (b"[1, 2]", 422),
    "empty": (b"", 400),
    "no-fields": (b"{}", 422),
    "other-model": (b'{"model": "x", "input": {}}', 422),
    "lone-surrogate": (rb'{"model": "\ud800", "input": {"prompt": "\udfff", "input_urls": ["\ud800"]}}', 422),
    "not-a-number": (b'{"model": NaN, "input": {"input_urls": [Infinity], "video_urls": NaN}}', 422),
    "own-callback": (b'{"callback_url": "https://example.com/x"}', 422),
    "control-characters": (rb'{"model": "\u001b[31m\u0000", "input": {"\u202e": 1}}', 422),
    "many-urls": (json.dumps({"model": MODEL, "input": {"input_urls": ["x"] * 9000}}).encode(), 422),
    "internal-address": (
        b'{"input": {"input_urls": ["http://169.254.169.254/a.png"], "video_urls": ["http://[::ffff:10.0.0.1]/a.mp4"]}}',
        422,
    ),
}


def test_hostile_posts_are_bounded_and_pay_nothing(sandbox: Service, tmp_path: Path) -> None:
    fifo = tmp_path / "pipe.mp4"
    os.mkfifo(fifo)
    secret = tmp_path / "private.png"
    secret.write_bytes((ROOT / "preflight" / "sandbox" / "media" / "character.png").read_bytes())
    local = {"model": MODEL, "input": {"input_urls": [str(secret)], "video_urls": [str(fifo)]}}
    with example(sandbox) as running:
        for name, (body, expected) in HOSTILE.items():
            answer = post(running, body)
            assert answer.status_code == expected, (name, answer.status_code, answer.text, running.said)
            assert len(answer.content) < 1_000_000, name
        report = post(running, local)
        assert report.status_code == 422
        files = report.json()["detail"]["jobs"][0]["subjects"]
        assert [each["facts"] for each in files] == [None, None]  # a stranger learns nothing of files here
        with socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2]))) as slow:
            slow.sendall(b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
            assert post(running, a_job(sandbox)).status_code == 202  # one that drips holds up nobody
        assert "Traceback" not in running.said
        assert running.end() == 0
    assert sandbox.state["jobs_billed"] == 1
