"""The sandbox calls back as the API page says: headers, body, three attempts, and to this machine only."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from preflight.sandbox import Options, serve

SPEED = 10_000
PATIENCE = 60


@dataclass
class Receiver:
    """Answers calls with ``statuses`` in turn, the last one from then on."""

    url: str
    statuses: list[int]
    calls: list[tuple[dict, dict]] = field(default_factory=list)
    on_call: Callable[[], object] = list


@contextmanager
def receiver(*statuses: int, location: str = "") -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = it.statuses.pop(0) if len(it.statuses) > 1 else it.statuses[0]
            it.calls.append((dict(self.headers.items()), body))
            it.on_call()
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        it = Receiver(f"http://127.0.0.1:{server.server_port}/hook", list(statuses))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield it
        finally:
            server.shutdown()
            thread.join()


async def twelve_seconds(_: str) -> Fraction:
    return Fraction(12)


@contextmanager
def sandbox(**options: object) -> Iterator[httpx2.Client]:
    options = {"speed": SPEED, **options}
    with (
        serve(Options(prober=twelve_seconds, **options)) as url,
        httpx2.Client(base_url=url, headers={"Authorization": "Bearer sk-test"}, trust_env=False) as client,
    ):
        yield client


def pay(api: httpx2.Client, callback_url: str, prompt: str = "") -> str:
    urls = {"input_urls": ["https://x.example/a.png"], "video_urls": ["https://x.example/a.mp4"]}
    body = {"model": "kling-v3-motion-control", "callback_url": callback_url, "input": {**urls, "prompt": prompt}}
    return api.post("/v1/videos/generations", json=body).raise_for_status().json()["data"]["taskId"]


def until(done: Callable[[], bool]) -> None:
    """Waits for what happens in another thread; a test that waits in vain fails."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def deliveries(api: httpx2.Client, count: int) -> list[dict]:
    made: list[dict] = []

    def enough() -> bool:
        made[:] = api.get("/sandbox/state").json()["callbacks"]
        return len(made) >= count

    until(enough)
    return made


@pytest.mark.parametrize(("prompt", "event"), [("", "completed"), ("sandbox:fail", "failed")], ids=["done", "failed"])
def test_the_end_of_a_task_is_posted_with_the_pages_headers_and_body(prompt: str, event: str) -> None:
    with receiver(204) as hook, sandbox() as api:
        task_id = pay(api, hook.url, prompt)
        (delivery,) = deliveries(api, 1)
        (headers, body), *_ = hook.calls
        assert headers["X-Event"] == f"task.{event}"
        assert headers["X-Task-Id"] == task_id
        assert headers["X-Timestamp"].isdigit()
        assert headers["Content-Type"] == "application/json"
        assert body == api.get(f"/v1/tasks/{task_id}").json()
        assert body["status"] == event
        assert (delivery["task_id"], delivery["attempt"], delivery["result"]) == (task_id, 1, "204")
        state = api.get("/sandbox/state").json()
        assert state["jobs_refunded"] == (1 if event == "failed" else 0)


def test_three_attempts_are_spaced_three_and_ten_minutes() -> None:
    with receiver(500, 302, 404, location="/elsewhere") as hook, sandbox() as api:
        pay(api, hook.url)
        made = deliveries(api, 3)
        moments = [delivery["at"] for delivery in made]
        assert [delivery["result"] for delivery in made] == ["500", "302", "404"]
        assert moments[1] - moments[0] >= 180
        assert moments[2] - moments[1] >= 600
        assert len(hook.calls) == 3


def test_an_attempt_that_is_taken_is_the_last() -> None:
    with receiver(503, 200) as hook, sandbox() as api:
        pay(api, hook.url)
        deliveries(api, 2)
        later = pay(api, hook.url)
        made = deliveries(api, 3)
        assert [delivery["result"] for delivery in made] == ["503", "200", "200"]
        assert made[-1]["task_id"] == later


def test_a_receiver_that_does_not_answer_in_time_is_tried_again() -> None:
    # The listener's queue takes the connection, and nobody answers it.
    with sandbox(callback_timeout=0.1) as api, socket.create_server(("127.0.0.1", 0)) as silent:
        pay(api, f"http://127.0.0.1:{silent.getsockname()[1]}/hook")
        assert {delivery["result"] for delivery in deliveries(api, 3)} <= {"TimeoutError", "ReadTimeout"}


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("http://192.0.2.1/hook", "not called: the sandbox calls this machine only"),
        ("http://127.0.0.1.example/hook", "not called: the sandbox calls this machine only"),
        ("http://xn--☃/hook", "InvalidURL"),
    ],
)
def test_another_machine_is_never_called(url: str, result: str) -> None:
    with sandbox() as api:
        pay(api, url)
        assert {delivery["result"] for delivery in deliveries(api, 3)} == {result}


def test_a_lost_callback_is_never_sent() -> None:
    with receiver(200) as hook, sandbox() as api:
        api.post("/sandbox/faults", json={"name": "callback-lost"})
        lost = pay(api, hook.url)
        deliveries(api, 1)
        pay(api, hook.url)
        made = deliveries(api, 2)
        assert [(delivery["task_id"] == lost, delivery["result"]) for delivery in made] == [
            (True, "lost"),
            (False, "200"),
        ]
        assert len(hook.calls) == 1


def test_a_repeated_callback_is_the_same_twice() -> None:
    with receiver(200) as hook, sandbox() as api:
        api.post("/sandbox/faults", json={"name": "callback-repeated"})
        pay(api, hook.url)
        deliveries(api, 2)
        (first, body), (second, again) = hook.calls
        assert (first["X-Event"], first["X-Task-Id"], body) == (second["X-Event"], second["X-Task-Id"], again)


def test_a_reordered_callback_is_overtaken_by_the_next() -> None:
    with receiver(200) as hook, sandbox(speed=50) as api:
        api.post("/sandbox/faults", json={"name": "callback-reordered"})
        first = pay(api, hook.url)
        second = pay(api, hook.url)
        made = deliveries(api, 2)
        assert [delivery["task_id"] for delivery in made] == [second, first]


def test_a_reordered_callback_with_no_other_comes_in_the_end() -> None:
    with receiver(200) as hook, sandbox() as api:
        api.post("/sandbox/faults", json={"name": "callback-reordered"})
        pay(api, hook.url)
        assert deliveries(api, 1)[0]["result"] == "200"


def test_an_early_callback_comes_before_the_answer_to_its_create() -> None:
    order: list[str] = []
    with receiver(200) as hook, sandbox(speed=1) as api:
        hook.on_call = lambda: order.append("callback")
        api.post("/sandbox/faults", json={"name": "callback-early"})
        task_id = pay(api, hook.url)
        order.append("answer")
        ((headers, body),) = hook.calls
        assert (headers["X-Task-Id"], headers["X-Event"]) == (task_id, "task.completed")
        assert body == api.get(f"/v1/tasks/{task_id}").json()
        later = pay(api, hook.url)
        assert api.get(f"/v1/tasks/{later}").json()["status"] == "pending"
    assert order == ["callback", "answer"]


def test_an_early_callback_that_is_not_taken_is_tried_again_after_three_and_ten_minutes() -> None:
    with receiver(500) as hook, sandbox() as api:
        api.post("/sandbox/faults", json={"name": "callback-early"})
        pay(api, hook.url)
        assert api.get("/sandbox/state").json()["callbacks"][0]["attempt"] == 1
        moments = [delivery["at"] for delivery in deliveries(api, 3)]
        assert moments[1] - moments[0] >= 180
        assert moments[2] - moments[1] >= 600


def test_an_early_callback_tells_of_a_job_whose_answer_is_lost() -> None:
    with receiver(200) as hook, sandbox(speed=1) as api:
        api.post("/sandbox/faults", json={"name": "callback-early"})
        api.post("/sandbox/faults", json={"name": "drop-after-billing"})
        with pytest.raises(httpx2.RemoteProtocolError):
            pay(api, hook.url)
        ((headers, _),) = hook.calls
        (task,) = api.get("/sandbox/state").json()["tasks"]
        assert headers["X-Task-Id"] == task["id"]


def test_a_job_without_a_callback_url_ends_at_once_too() -> None:
    with sandbox(speed=1) as api:
        api.post("/sandbox/faults", json={"name": "callback-early"})
        task_id = pay(api, "")
        assert api.get(f"/v1/tasks/{task_id}").json()["status"] == "completed"


def test_what_was_not_delivered_is_delivered_by_the_next_sandbox_on_the_same_state(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with receiver(200) as hook:
        with sandbox(state=state, speed=1) as api:
            task_id = pay(api, hook.url)
        assert hook.calls == []
        with sandbox(state=state) as api:
            deliveries(api, 1)
        with sandbox(state=state) as api:
            pay(api, hook.url)
            deliveries(api, 2)
    assert [headers["X-Task-Id"] == task_id for headers, _ in hook.calls] == [True, False]
