"""The sandbox behaves as the API page says, over real sockets."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import httpx2
import pytest

from preflight import errors
from preflight.sandbox import Options, Rounding, Tariff, serve

JOB = {
    "model": "kling-v3-motion-control",
    "input": {"input_urls": ["https://x.example/a.png"], "video_urls": ["https://x.example/12.mp4"]},
}
KEY = {"Authorization": "Bearer sk-sandbox"}


async def named_length(url: str) -> Fraction:
    """A clip is as long as its name says."""
    if name := re.search(r"/([\d.]+)\.mp4$", url):
        return Fraction(name[1])
    raise errors.Unreachable("nothing there")


async def picture(url: str) -> None:
    if "broken" in url:
        raise errors.Unreachable("no picture")


class Sandbox(httpx2.Client):
    """An API client that does no more than speak HTTP."""

    def pay(self, **changes: object) -> httpx2.Response:
        return self.post("/v1/videos/generations", json=changed(**changes))

    def balance(self) -> float:
        return self.get("/v1/credits").json()["data"]["balance"]


def changed(**changes: object) -> dict:
    job = copy.deepcopy(JOB)
    job["input"].update(changes)
    return job


@contextmanager
def sandbox(**options: object) -> Iterator[Sandbox]:
    with (
        serve(Options(prober=named_length, **options)) as url,
        Sandbox(base_url=url, headers=KEY, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def standing() -> Iterator[Sandbox]:
    with sandbox(image_prober=picture, credits=Decimal(1_000_000)) as client:
        yield client


def test_answers_have_the_shapes_of_the_page(standing: Sandbox) -> None:
    before = standing.get("/v1/credits").json()
    created = standing.pay().json()
    after = standing.get("/v1/credits").json()
    task = standing.get(f"/v1/tasks/{created['data']['taskId']}").json()

    assert created == {"code": 200, "msg": "success", "data": {"taskId": task["id"]}}
    assert (after["code"], after["msg"]) == (200, "success")
    assert after["data"]["balance"] == before["data"]["balance"] - 360
    assert after["data"]["total_consumed"] == before["data"]["total_consumed"] + 360
    assert all(type(number) is int for number in after["data"].values())
    assert task == {**task, "status": "pending", "model": JOB["model"], "progress": None}
    assert type(task["created_at"]) is int


def refused_body(**changes: object) -> dict:
    return {**JOB, **changes}


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ([], 400, "invalid_request", "The request body must be a JSON object."),
        ({}, 400, "invalid_request", "'model' is required."),
        (refused_body(model=7), 400, "invalid_request", "'model' must be a string."),
        (refused_body(model="kling-v9"), 404, "model_not_found", "Model 'kling-v9' does not exist or is inactive."),
        ({"model": JOB["model"]}, 400, "invalid_request", "'input' is required."),
        (refused_body(input=[]), 400, "invalid_request", "'input' must be an object."),
        (refused_body(input={}), 400, "invalid_request", "'input_urls' is required."),
        (changed(input_urls="https://x/a.png"), 400, "invalid_request", "'input_urls' must be an array of strings."),
        (changed(video_urls=[]), 400, "invalid_request", "'video_urls' is required."),
        (changed(video_urls=["ftp://x/12.mp4"]), 400, "invalid_request", "'video_urls' must hold public HTTP(S) URLs."),
        (
            changed(video_urls=["https://x:99999/"]),
            400,
            "invalid_request",
            "'video_urls' must hold public HTTP(S) URLs.",
        ),
        (changed(video_urls=["https://[::/"]), 400, "invalid_request", "'video_urls' must hold public HTTP(S) URLs."),
        (changed(mode="4k"), 400, "invalid_request", "'mode' must be one of: 720p, 1080p."),
        (changed(mode=720), 400, "invalid_request", "'mode' must be a string."),
        (
            changed(character_orientation="both"),
            400,
            "invalid_request",
            "'character_orientation' must be one of: image, video.",
        ),
        (changed(prompt="x" * 2501), 400, "invalid_request", "'prompt' must be at most 2500 characters."),
        (
            changed(duration=5),
            400,
            "invalid_request",
            "'duration' is not supported: the output follows the reference video.",
        ),
        (
            refused_body(callback_url="x"),
            400,
            "invalid_request",
            "'callback_url' must hold public HTTP(S) URLs.",
        ),
        (changed(video_urls=["https://x/gone"]), 400, "invalid_request", "Failed to probe the media: nothing there"),
        (changed(input_urls=["https://x/broken"]), 400, "invalid_request", "Failed to probe the media: no picture"),
        (
            changed(video_urls=["https://x/2.99.mp4"]),
            400,
            "invalid_request",
            "The reference video must be 3-30 seconds.",
        ),
        (
            changed(video_urls=["https://x/30.01.mp4"]),
            400,
            "invalid_request",
            "The reference video must be 3-30 seconds.",
        ),
    ],
    ids=lambda value: re.sub(r"\W+", "-", value).strip("-") if isinstance(value, str) and " " in value else "",
)
def test_a_bad_job_is_refused_in_the_pages_words_and_costs_nothing(
    body: object, status: int, code: str, message: str, standing: Sandbox
) -> None:
    before = standing.balance()
    answer = standing.post("/v1/videos/generations", json=body)
    assert answer.status_code == status
    assert answer.json() == {"error": {"code": code, "message": message, "type": "invalid_request_error"}}
    assert standing.balance() == before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000], ids=["empty", "cut", "binary", "deep"])
def test_a_body_that_is_no_json_is_refused(content: bytes, standing: Sandbox) -> None:
    answer = standing.post("/v1/videos/generations", content=content)
    assert answer.json()["error"]["message"] == "The request body must be JSON."


def test_a_body_beyond_a_mebibyte_is_refused(standing: Sandbox) -> None:
    answer = standing.post("/v1/videos/generations", content=b" " * ((1 << 20) + 1))
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "The request body is too large.")


@pytest.mark.parametrize("header", ["", "sk-sandbox", "Basic sk-sandbox", "Bearer test", "Bearer sk-"])
@pytest.mark.parametrize("path", ["/v1/credits", "/v1/tasks/x"])
def test_a_key_that_does_not_look_like_one_is_refused(header: str, path: str, standing: Sandbox) -> None:
    answer = standing.get(path, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_a_task_that_does_not_exist_is_not_found(standing: Sandbox) -> None:
    answer = standing.get("/v1/tasks/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "task_not_found")


def test_every_answer_has_a_request_id_of_its_own(standing: Sandbox) -> None:
    answers = [standing.get("/v1/credits"), standing.get("/v1/credits"), standing.get("/v1/tasks/nothing")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


def test_a_balance_that_is_too_low_is_refused_and_stays() -> None:
    with sandbox(credits=Decimal(719)) as api:
        assert api.pay().status_code == 200
        answer = api.pay()
        assert answer.status_code == 402
        assert answer.json()["error"]["type"] == "billing_error"
        assert api.balance() == 359
        assert api.get("/sandbox/state").json()["jobs_billed"] == 1


def test_time_brings_a_task_from_pending_to_its_result(tmp_path: Path) -> None:
    result = tmp_path / "result.mp4"
    result.write_bytes(bytes(range(256)))
    now = [1_000_000.0]
    with sandbox(clock=lambda: now[0], pending_seconds=5, processing_seconds=55, speed=2, result=result) as api:
        task = f"/v1/tasks/{api.pay().json()['data']['taskId']}"
        seen = []
        for moment in (0, 2.4, 2.5, 29.9, 30):
            now[0] = 1_000_000 + moment
            seen.append(api.get(task).json())
            path = f"/files/{seen[0]['id']}.mp4"
            assert api.get(path).status_code == (200 if moment == 30 else 404)
        assert [answer["status"] for answer in seen] == ["pending", "pending", "processing", "processing", "completed"]
        done = seen[-1]
        assert (done["created_at"], done["completed_at"]) == (1_000_000, 1_000_060)
        assert done["output"] == {
            "urls": [f"{api.base_url}".rstrip("/") + path],
            "metadata": {"model": "kling-3.0/motion-control"},
        }
        part = api.get(path, headers={"Range": "bytes=16-31"})
        assert (part.status_code, part.content) == (206, bytes(range(16, 32)))
        assert part.headers["content-range"] == "bytes 16-31/256"


def test_a_task_that_fails_gives_the_credits_back_when_it_has_failed() -> None:
    now = [1_000_000.0]
    with sandbox(clock=lambda: now[0], credits=Decimal(1000)) as api:
        task_id = api.pay(prompt="dance, sandbox:fail").json()["data"]["taskId"]
        assert api.balance() == 640
        now[0] += 61
        assert api.get(f"/v1/tasks/{task_id}").json() == {
            "id": task_id,
            "status": "failed",
            "model": JOB["model"],
            "created_at": 1_000_000,
            "error": {"code": "upstream_error", "message": "Video generation failed"},
        }
        assert api.balance() == 1000
        state = api.get("/sandbox/state").json()
        assert (state["jobs_billed"], state["jobs_refunded"], state["total_consumed"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("rounding", "seconds", "mode", "orientation", "credits"),
    [
        (Rounding.CEIL, "8.5", "720p", "video", "270"),
        (Rounding.EXACT, "8.5", "720p", "video", "255"),
        (Rounding.NEAREST, "8.5", "720p", "video", "270"),
        (Rounding.NEAREST, "8.49", "720p", "video", "240"),
        (Rounding.CEIL, "12", "1080p", "video", "480"),
        (Rounding.CEIL, "10.02", "720p", "image", "300"),
        (Rounding.CEIL, "10.02", "720p", "video", "330"),
        (Rounding.CEIL, "30", "1080p", "image", "400"),
        (Rounding.EXACT, "10/3", "720p", "video", "100"),
        (Rounding.EXACT, "22/7", "720p", "video", "94.2857"),
    ],
)  # fmt: skip
def test_the_price_follows_rate_cap_and_rounding(
    rounding: Rounding,
    seconds: str,
    mode: str,
    orientation: str,
    credits: str,  # noqa: A002 - the API's own word
) -> None:
    price = Tariff(rounding=rounding).credits(Fraction(seconds), mode=mode, orientation=orientation)
    assert price == Decimal(credits)


def test_a_fractional_rate_is_charged_exactly() -> None:
    tariff = Tariff(rates={"720p": Decimal("27.5")})
    with sandbox(tariff=tariff, credits=Decimal(1000)) as api:
        assert api.pay(video_urls=["https://x/3.mp4"]).status_code == 200
        assert api.balance() == 917.5


def test_a_state_file_outlives_the_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sandbox(state=path) as api:
        task_id = api.pay().json()["data"]["taskId"]
    with sandbox(state=path, credits=Decimal(5)) as api:
        assert api.get(f"/v1/tasks/{task_id}").json()["id"] == task_id
        assert api.balance() == 9640
        assert api.get("/sandbox/state").json()["requests"]["create"] == 1


@pytest.mark.parametrize(
    "make",
    [lambda path: path.write_bytes(b"not a database, but long enough to look at" * 50), Path.mkdir],
    ids=["another-file", "a-folder"],
)
def test_a_state_that_is_something_else_is_refused(make: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    make(path)
    with pytest.raises(errors.ConfigurationError, match=r"state\.db"), sandbox(state=path):
        pass


@pytest.mark.parametrize("speed", [0, -1, float("nan"), 1e9])
def test_a_clock_that_does_not_go_is_refused(speed: float) -> None:
    with pytest.raises(errors.ConfigurationError, match="speed"):
        Options(prober=named_length, speed=speed)
